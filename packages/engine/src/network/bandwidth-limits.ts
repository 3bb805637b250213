import type { Rate } from '@pouch/linux';

/** What a container's traffic is limited to, on each of its interfaces. */
export interface BandwidthLimits {
  readonly ingress?: Rate;
  readonly egress?: Rate;
}
