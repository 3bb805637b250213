import type { ImageSummary } from '@pouch/api';
import type { Descriptor } from '@pouch/oci';

export function apiDescriptor(descriptor: Descriptor): NonNullable<ImageSummary['Descriptor']> {
  const { mediaType, digest, size, annotations, platform } = descriptor;
  return {
    mediaType,
    digest,
    size,
    ...(annotations && { annotations: { ...annotations } }),
    ...(platform && { platform: apiPlatform({ platform }) }),
  };
}

export function apiPlatform({ platform }: Pick<Required<Descriptor>, 'platform'>): {
  os: string;
  architecture: string;
  variant?: string;
  'os.version'?: string;
  'os.features'?: string[];
} {
  const features = platform['os.features'];
  const { 'os.features': _, ...rest } = platform;
  return { ...rest, ...(features && { 'os.features': [...features] }) };
}
