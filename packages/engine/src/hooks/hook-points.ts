/** Moments at which plugins are called, and what a plugin's failure does at each: refuse what was asked, or be logged. */
export const HOOK_POINTS = {
  'pre-create': 'refuse',
  'post-create': 'log',
  'pre-start': 'refuse',
  'post-start': 'log',
  // A stop is never refused: nothing may stand between an operator and the end of a container.
  'pre-stop': 'log',
  'post-stop': 'log',
  'pre-update': 'refuse',
  'post-pull': 'log',
  'volume-create': 'refuse',
  'network-attach': 'refuse',
} as const satisfies Record<string, 'refuse' | 'log'>;

export type HookPoint = keyof typeof HOOK_POINTS;

export function isHookPoint(text: string): text is HookPoint {
  return Object.hasOwn(HOOK_POINTS, text);
}

/** Calls whoever has something to do at a point. */
export interface Hooks {
  /**
   * The event as the plugins leave it: each may hand back a changed `request` where there is one (pre-create, pre-update,
   * volume-create). Throws `upstream` at a point that a failure refuses.
   */
  run<E extends HookEvent>(point: HookPoint, event: E): Promise<E>;
  /** Whether anybody is called at a point: what an event costs to gather is then worth it. */
  has(point: HookPoint): boolean;
}

/** What a plugin is told, besides the point: JSON. */
export interface HookEvent {
  readonly container?: { readonly id: string; readonly name: string; readonly image: string; readonly labels?: object };
  readonly request?: unknown;
  readonly [fact: string]: unknown;
}

/** Nobody is configured. */
export const NO_HOOKS: Hooks = {
  run: async (_point, event) => await Promise.resolve(event),
  has: () => false,
};
