/** A difference between Pouch and Docker that clients can see and that is meant. docs/reference/docker.md tells users of it. */
export interface AcceptedDifference {
  readonly id: string;
  readonly what: string;
  readonly why: string;
  /** The steps in which it may show. */
  readonly steps: RegExp;
  /** What of the normalised output is not compared, on either side; global and multi-line. */
  readonly pattern: RegExp;
  /** What it is replaced by; nothing by default. */
  readonly word?: string;
}

export const ACCEPTED_DIFFERENCES: readonly AcceptedDifference[] = [];
