import {
  bool,
  extend,
  int,
  list,
  nullable,
  object,
  oneOf,
  refused,
  type Schema,
  since,
  type Static,
  str,
  uint,
} from '../schema/type.ts';
import {
  DeviceMapping,
  DeviceRequest,
  Resources,
  RestartPolicy,
  ThrottleDevice,
  Ulimit,
  WeightDevice,
} from './resources.ts';

export const ContainerTop = object('ContainerTop', {
  Titles: list(str()),
  Processes: nullable(list(list(str()))),
});
export type ContainerTop = Static<typeof ContainerTop>;

/** 0 modified, 1 added, 2 deleted. */
export const ChangeKind = oneOf(0, 1, 2);
export type ChangeKind = Static<typeof ChangeKind>;

export const ContainerChange = object('ContainerChange', { Path: str(), Kind: ChangeKind });
export type ContainerChange = Static<typeof ContainerChange>;

export const WaitCondition = oneOf('', 'not-running', 'next-exit', 'removed');
export type WaitCondition = Static<typeof WaitCondition>;

export const ContainerWaitResponse = object(
  'ContainerWaitResponse',
  { StatusCode: int() },
  { Error: nullable(object('ContainerWaitError', { Message: str() })) },
);
export type ContainerWaitResponse = Static<typeof ContainerWaitResponse>;

const FIXED = 'A container keeps it from its making; Docker drops it.';
/** Docker ignored these before. */
const perDevice = <T>(schema: Schema<T>): Schema<T> => since('1.55', schema);

export const ContainerUpdateRequest = extend(
  'ContainerUpdateRequest',
  Resources,
  {},
  {
    RestartPolicy,
    BlkioWeightDevice: perDevice(list(WeightDevice, 'An empty list takes all away, as with those below.')),
    BlkioDeviceReadBps: perDevice(list(ThrottleDevice)),
    BlkioDeviceWriteBps: perDevice(list(ThrottleDevice)),
    BlkioDeviceReadIOps: perDevice(list(ThrottleDevice)),
    BlkioDeviceWriteIOps: perDevice(list(ThrottleDevice)),
    CgroupParent: refused(FIXED, '/other', str()),
    DeviceCgroupRules: refused(FIXED, ['c 1:3 r'], list(str())),
    DeviceRequests: refused(FIXED, [{ Count: -1 }], list(DeviceRequest)),
    Devices: refused(FIXED, [{ PathOnHost: '/dev/null' }], list(DeviceMapping)),
    MemorySwappiness: refused(FIXED, 10, int()),
    OomKillDisable: refused(FIXED, true, bool()),
    Ulimits: refused(FIXED, [{ Name: 'nofile', Soft: 1, Hard: 1 }], list(Ulimit)),
  },
);
export type ContainerUpdateRequest = Static<typeof ContainerUpdateRequest>;

export const ContainerUpdateResponse = object('ContainerUpdateResponse', { Warnings: nullable(list(str())) });
export type ContainerUpdateResponse = Static<typeof ContainerUpdateResponse>;

export const ContainerPruneResponse = object('ContainerPruneResponse', {
  ContainersDeleted: nullable(list(str())),
  SpaceReclaimed: uint(),
});
export type ContainerPruneResponse = Static<typeof ContainerPruneResponse>;

/** What `X-Docker-Container-Path-Stat` says of a file, as base64 of this JSON. */
export const ContainerPathStat = object('ContainerPathStat', {
  name: str(),
  size: int(),
  mode: uint("Go's os.FileMode: permissions, and type bits from bit 31 down."),
  mtime: str(),
  linkTarget: str(),
});
export type ContainerPathStat = Static<typeof ContainerPathStat>;
