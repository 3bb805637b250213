import type { Project, Service } from './project.ts';

/** The image of a service; one that is built without a name is called after project and service. */
export function imageOf(project: Project, service: Service): string {
  return service.image ?? `${project.name}-${service.name}`;
}
