import { type Any, typeName } from './any.ts';
import * as events from './generated/containerd/events/events.ts';
import * as images from './generated/containerd/events/images.ts';
import type { Timestamp } from './generated/google/protobuf/timestamp.ts';
import { toNanos } from './time.ts';

const CODECS = {
  TaskCreate: events.TaskCreate,
  TaskStart: events.TaskStart,
  TaskDelete: events.TaskDelete,
  TaskExit: events.TaskExit,
  TaskOOM: events.TaskOOM,
  TaskExecAdded: events.TaskExecAdded,
  TaskExecStarted: events.TaskExecStarted,
  TaskPaused: events.TaskPaused,
  TaskResumed: events.TaskResumed,
  TaskCheckpointed: events.TaskCheckpointed,
  ContainerCreate: events.ContainerCreate,
  ContainerUpdate: events.ContainerUpdate,
  ContainerDelete: events.ContainerDelete,
  ImageCreate: images.ImageCreate,
  ImageUpdate: images.ImageUpdate,
  ImageDelete: images.ImageDelete,
  SnapshotPrepare: events.SnapshotPrepare,
  SnapshotCommit: events.SnapshotCommit,
  SnapshotRemove: events.SnapshotRemove,
  ContentCreate: events.ContentCreate,
  ContentDelete: events.ContentDelete,
  NamespaceCreate: events.NamespaceCreate,
  NamespaceUpdate: events.NamespaceUpdate,
  NamespaceDelete: events.NamespaceDelete,
} as const;

type Codecs = typeof CODECS;

/** A message's fields, times as nanoseconds since the epoch. */
type Plain<T> = { readonly [K in keyof T]: Timestamp extends T[K] ? bigint | undefined : T[K] };

export type EventPayload =
  | { [K in keyof Codecs]: { readonly kind: K } & Plain<ReturnType<Codecs[K]['decode']>> }[keyof Codecs]
  | { readonly kind: 'unknown'; readonly typeUrl: string; readonly value: Uint8Array };

export type EventOf<K extends EventPayload['kind']> = Extract<EventPayload, { kind: K }>;

export interface ContainerdEvent {
  /** Nanoseconds since the epoch. */
  readonly timestamp: bigint;
  readonly namespace: string;
  /** Such as `/tasks/exit`. */
  readonly topic: string;
  readonly event: EventPayload;
}

/** The payload by the last word of its type: releases differ in the package that they name. */
export function decodeEvent(any: Any | undefined): EventPayload {
  const name = any ? typeName(any) : '';
  const kind = name.slice(name.lastIndexOf('.') + 1);
  if (!any || !Object.hasOwn(CODECS, kind) || !name.startsWith('containerd.')) {
    return { kind: 'unknown', typeUrl: any?.typeUrl ?? '', value: any?.value ?? new Uint8Array() };
  }
  const message: Record<string, unknown> = { kind, ...CODECS[kind as keyof Codecs].decode(any.value) };
  if ('exitedAt' in message) message['exitedAt'] = toNanos(message['exitedAt'] as Timestamp | undefined);
  return message as unknown as EventPayload;
}
