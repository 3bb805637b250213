import { dict, int, object, oneOf, type Static, str, until } from '../schema/type.ts';

export const EventType = oneOf(
  'builder',
  'config',
  'container',
  'daemon',
  'image',
  'network',
  'node',
  'plugin',
  'secret',
  'service',
  'volume',
);
export type EventType = Static<typeof EventType>;

export const EventActor = object('EventActor', { ID: str(), Attributes: dict(str()) });
export type EventActor = Static<typeof EventActor>;

export const EventMessage = object(
  'EventMessage',
  {
    Type: EventType,
    Action: str('create, start, die, exec_create: COMMAND, health_status: healthy, …'),
    Actor: EventActor,
    time: int('Seconds since the epoch.'),
    timeNano: int('Nanoseconds since the epoch; the last digits are lost to whoever reads JSON numbers as doubles.'),
  },
  {
    scope: oneOf('local', 'swarm'),
    status: until('1.51', str('Containers and images: the same as Action.')),
    id: until('1.51', str('Containers and images: the same as Actor.ID.')),
    from: until('1.51', str('Containers: the image.')),
  },
);
export type EventMessage = Static<typeof EventMessage>;
