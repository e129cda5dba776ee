import { COMPONENTS, isComponent } from '../../cluster/components.ts';

/**
 * Containers whose machines hold a quorum together: one of them after the other changes, each healthy before the next
 * (the health check of its image asks the whole of it).
 */
export const oneAtATime = (name: string): boolean => isComponent(name) && COMPONENTS[name].isQuorum;
