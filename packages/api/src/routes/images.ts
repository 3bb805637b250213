import { query } from '../query.ts';
import { list } from '../schema/type.ts';
import { ContainerConfig } from '../schemas/container-config.ts';
import { Platform } from '../schemas/descriptor.ts';
import { ImageInspect, ImageSummary } from '../schemas/image.ts';
import { AttestationStatement } from '../schemas/image-identity.ts';
import {
  ImageDeleteItem,
  ImageHistoryItem,
  ImageIdResponse,
  ImagePruneResponse,
  ImageSearchResult,
} from '../schemas/image-actions.ts';
import { JSONMessage } from '../schemas/json-message.ts';
import { DistributionInspect } from '../schemas/registry.ts';
import { endpoint, optionalBody, respond, TAR_TYPES } from './endpoint.ts';

const platform = query.since('1.48', query.json(Platform, 'An OCI platform, as JSON.'));
const platforms = query.differs(
  'One at most; several are refused.',
  query.since('1.48', query.jsons(Platform, 'Each as JSON; several from 1.52 on.')),
);
const changes = query.strings(
  'Dockerfile instructions: CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, ONBUILD, USER, VOLUME, WORKDIR.',
);

export const imageEndpoints = {
  ImageList: endpoint({
    method: 'GET',
    path: '/images/json',
    tag: 'Image',
    summary: 'List images',
    query: {
      all: query.differs('There are none: layers are no images.', query.bool('Also the layers between.')),
      filter: query.string('A reference; old clients.'),
      filters: query.filters(['before', 'dangling', 'id', 'label', 'reference', 'since', 'until']),
      'shared-size': query.since('1.42', query.bool()),
      digests: query.bool(),
      manifests: query.since('1.47', query.bool()),
      identity: query.differs(
        'Images carry no Identity: signatures are not looked at, and where an image was pulled from is not written down.',
        query.since('1.54', query.bool()),
      ),
    },
    responses: { 200: respond.json(list(ImageSummary), 'The images, newest first.') },
    errors: [404],
  }),
  ImageCreate: endpoint({
    method: 'POST',
    path: '/images/create',
    tag: 'Image',
    summary: 'Pull an image, or import a file system',
    registryAuth: true,
    query: {
      fromImage: query.string('Pull this.'),
      fromSrc: query.string('Import: a URL, or - for the body.'),
      repo: query.string('Name of the import.'),
      tag: query.string('Tag or digest; without it and without one in fromImage, every tag is pulled.'),
      message: query.string('Commit message of the import.'),
      changes,
      platform: query.since('1.32', query.string('os[/architecture[/variant]]')),
    },
    body: { kind: 'binary', mediaTypes: TAR_TYPES, optional: true, description: 'With fromSrc=-: a tar archive.' },
    responses: { 200: respond.jsonStream(JSONMessage, 'Progress.') },
    errors: [401, 404, 502, 503],
  }),
  ImageInspect: endpoint({
    method: 'GET',
    path: '/images/{name}/json',
    nameHoldsSlashes: true,
    tag: 'Image',
    summary: 'Everything about an image',
    query: { manifests: query.since('1.48', query.bool()), platform: query.since('1.49', platform) },
    responses: { 200: respond.json(ImageInspect, 'The image.') },
    errors: [404],
  }),
  ImageHistory: endpoint({
    method: 'GET',
    path: '/images/{name}/history',
    nameHoldsSlashes: true,
    tag: 'Image',
    summary: 'How an image was made',
    query: { platform },
    responses: { 200: respond.json(list(ImageHistoryItem), 'The steps, newest first.') },
    errors: [404],
  }),
  ImageAttestations: endpoint({
    method: 'GET',
    path: '/images/{name}/attestations',
    nameHoldsSlashes: true,
    tag: 'Image',
    summary: 'The in-toto statements that are attached to an image',
    since: '1.55',
    query: {
      platform: query.jsons(Platform, "An OCI platform, as JSON; the host's without it. One at most."),
      type: query.strings('URIs of predicate types; all without it.'),
      statement: query.bool('The statements themselves too.'),
    },
    responses: { 200: respond.json(list(AttestationStatement), 'The statements.') },
    errors: [404],
  }),
  ImagePush: endpoint({
    method: 'POST',
    path: '/images/{name}/push',
    nameHoldsSlashes: true,
    tag: 'Image',
    summary: 'Push an image to its registry',
    registryAuth: true,
    query: { tag: query.string('Without it, every tag of the name.'), platform: query.since('1.46', platform) },
    responses: { 200: respond.jsonStream(JSONMessage, 'Progress; PushResult is in the last aux.') },
    errors: [401, 404, 503],
  }),
  ImageTag: endpoint({
    method: 'POST',
    path: '/images/{name}/tag',
    nameHoldsSlashes: true,
    tag: 'Image',
    summary: 'Give an image another name',
    query: { repo: query.required(query.string()), tag: query.string('latest without it.') },
    responses: { 201: respond.empty('It has it.') },
    errors: [404, 409],
  }),
  ImageDelete: endpoint({
    method: 'DELETE',
    path: '/images/{name}',
    nameHoldsSlashes: true,
    tag: 'Image',
    summary: 'Remove a name of an image, and with the last one the image',
    query: {
      force: query.bool('Also when stopped containers use it or it has several names.'),
      noprune: query.differs(
        'No image here keeps its parents by name, so nothing is pruned.',
        query.bool('Keep untagged parents.'),
      ),
      platforms: query.differs(
        'Refused: an image goes as a whole.',
        query.since('1.50', query.jsons(Platform, 'Only these, each as JSON.')),
      ),
    },
    responses: { 200: respond.json(list(ImageDeleteItem), 'What was removed.') },
    errors: [404, 409],
  }),
  ImageSearch: endpoint({
    method: 'GET',
    path: '/images/search',
    tag: 'Image',
    summary: 'Search a registry for images',
    registryAuth: true,
    query: {
      term: query.required(query.string()),
      limit: query.int(),
      filters: query.filters(['is-official', 'is-automated', 'stars']),
    },
    responses: { 200: respond.json(list(ImageSearchResult), 'The hits.') },
    errors: [401, 503],
  }),
  ImagePrune: endpoint({
    method: 'POST',
    path: '/images/prune',
    tag: 'Image',
    summary: 'Remove unused images',
    since: '1.25',
    query: { filters: query.filters(['dangling', 'until', 'label', 'label!']) },
    responses: { 200: respond.json(ImagePruneResponse, 'What was removed.') },
    errors: [409],
  }),
  ImageGet: endpoint({
    method: 'GET',
    path: '/images/{name}/get',
    nameHoldsSlashes: true,
    tag: 'Image',
    summary: 'Save an image as a tar archive',
    query: { platform: platforms },
    responses: { 200: respond.tar('An archive that is both an OCI layout and what docker save writes.') },
    errors: [404],
  }),
  ImageGetAll: endpoint({
    method: 'GET',
    path: '/images/get',
    tag: 'Image',
    summary: 'Save several images as one tar archive',
    query: {
      names: query.required(query.strings()),
      platform: platforms,
    },
    responses: { 200: respond.tar('The archive.') },
    errors: [404],
  }),
  ImageLoad: endpoint({
    method: 'POST',
    path: '/images/load',
    tag: 'Image',
    summary: 'Load images from a tar archive',
    query: {
      quiet: query.bool('No progress.'),
      platform: platforms,
    },
    body: {
      kind: 'binary',
      mediaTypes: TAR_TYPES,
      description: "An OCI layout or docker save's archive, plain or compressed.",
    },
    responses: { 200: respond.jsonStream(JSONMessage, 'Progress.') },
    errors: [404],
  }),
  ImageCommit: endpoint({
    method: 'POST',
    path: '/commit',
    tag: 'Image',
    summary: 'Make an image of a container',
    query: {
      container: query.string('Required.'),
      repo: query.string(),
      tag: query.string(),
      comment: query.string(),
      author: query.string(),
      pause: query.bool('On unless it is false.'),
      changes,
    },
    body: optionalBody(ContainerConfig),
    responses: { 201: respond.json(ImageIdResponse, 'The image.') },
    errors: [404, 409],
  }),
  DistributionInspect: endpoint({
    method: 'GET',
    path: '/distribution/{name}/json',
    nameHoldsSlashes: true,
    tag: 'Distribution',
    summary: 'What a registry has under a name',
    since: '1.30',
    registryAuth: true,
    responses: { 200: respond.json(DistributionInspect, 'Digest and platforms.') },
    errors: [401, 403, 404, 503],
  }),
} as const;
