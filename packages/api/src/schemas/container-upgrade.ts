import { bool, int, list, object, type Static, str, stringOrList } from '../schema/type.ts';

export const ContainerUpgradeRequest = object(
  'ContainerUpgradeRequest',
  {},
  {
    Image: str('The new image; it is pulled where it is not here.'),
    Cmd: stringOrList('In place of the command.'),
    Entrypoint: stringOrList('In place of the entrypoint.'),
    Env: list(str(), 'More variables, NAME=value.'),
    Watch: int(
      'Nanoseconds that the new one must run without failing, and until its health check has a verdict; 10 s where it is absent, and 0 does not watch.',
    ),
    StopTimeout: int("Seconds before the old one is killed; the container's own where it is absent."),
    Rollback: bool('Back to what it was before the last upgrade, in place of Image.'),
  },
);
export type ContainerUpgradeRequest = Static<typeof ContainerUpgradeRequest>;

export const ContainerUpgradeResponse = object('ContainerUpgradeResponse', {
  Image: str('Id of the image it is of now.'),
  Previous: str('The image it was of, as it was named.'),
  Downtime: int('Nanoseconds between the end of the old process and the start of the new one.'),
});
export type ContainerUpgradeResponse = Static<typeof ContainerUpgradeResponse>;

/** What of an upgrade inspect shows. */
export const ContainerUpgradeState = object(
  'ContainerUpgradeState',
  {},
  {
    Phase: str('preparing, switching, watching or rolling-back while one is under way.'),
    PreviousImage: str('Kept for Rollback.'),
    KeptUntil: str('RFC 3339.'),
  },
);
export type ContainerUpgradeState = Static<typeof ContainerUpgradeState>;
