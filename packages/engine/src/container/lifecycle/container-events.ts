import type { EventBus } from '../../events/event-bus.ts';
import type { Container } from '../container.ts';

/** Tell the event bus what happened to a container, with the attributes that Docker gives: name, image, labels. */
export function publishContainerEvent(
  events: EventBus,
  container: Container,
  action: string,
  attributes: Readonly<Record<string, string>> = {},
): void {
  const { record } = container;
  events.publish('container', action, container.id, {
    ...record.config.Labels,
    image: record.imageReference,
    name: record.name,
    ...attributes,
  });
}
