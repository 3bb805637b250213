import type { BuildView } from '@pouch/builder';

/** A view of a build on this terminal, or lines for whoever reads them. */
export interface OpenBuildView extends BuildView, Disposable {
  /** The build has failed: what is kept for that case is shown. */
  failed(): void;
}
