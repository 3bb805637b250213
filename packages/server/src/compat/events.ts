import type { EventMessage } from '@pouch/api';

/** The first version that hears of an image's making. */
const IMAGE_CREATE = 46;

/** An event with the fields of old, which the contract takes from newer clients; undefined when the version has none such. */
export function adaptEvent(event: EventMessage, version: number): EventMessage | undefined {
  const { Type, Action, Actor } = event;
  if (Type === 'image' && Action === 'create' && version < IMAGE_CREATE) return undefined;
  if (Type !== 'container' && Type !== 'image') return event;
  const from = Type === 'container' ? { from: Actor.Attributes.image ?? '' } : {};
  return { ...event, status: Action, id: Actor.ID, ...from };
}
