import { bool, object, type Static, str } from '../schema/type.ts';

export const CheckpointCreateRequest = object(
  'CheckpointCreateRequest',
  { CheckpointID: str() },
  { CheckpointDir: str("Absolute; the container's own directory without it."), Exit: bool('Stop it afterwards.') },
);
export type CheckpointCreateRequest = Static<typeof CheckpointCreateRequest>;

export const Checkpoint = object('Checkpoint', { Name: str() });
export type Checkpoint = Static<typeof Checkpoint>;
