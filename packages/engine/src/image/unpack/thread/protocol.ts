/** Bytes of a path, one to a character: file names in a layer need be no UTF-8. */
export type ByteString = string;

/** A file of such a name stands for a removal (OCI image-spec, layer.md, "Whiteouts"). */
export const WHITEOUT_PREFIX = '.wh.';

export interface ExtractJob {
  /** Paths. */
  readonly blob: string;
  readonly directory: string;
  /** Program and arguments that decompress stdin to stdout; none for a plain tar file. */
  readonly decompress: readonly string[];
  readonly tar: readonly string[];
  /** A command before each of the two that widens the pipes at its standard input and output; none where it is not installed. */
  readonly widen: readonly string[];
}

export interface SurveyJob {
  readonly directory: string;
  /** Milliseconds since the epoch: before the layer's extraction began. */
  readonly since: number;
}

/** What an extracted layer's directory has that is no plain content. Paths are relative to it. */
export interface Survey {
  readonly whiteouts: readonly { readonly directory: ByteString; readonly name: ByteString }[];
  /** Directories that the layer has no entry for: its files' paths name them. Parents come before what is in them. */
  readonly implied: readonly ByteString[];
}

export interface InheritJob {
  readonly directory: string;
  /** As a survey found them. */
  readonly implied: readonly ByteString[];
  /** The lower layers' directories, topmost first. */
  readonly lower: readonly string[];
}

/** What the thread can be asked for: an extraction answers with the digest of the uncompressed layer. */
export interface LayerJobs {
  extract(job: ExtractJob): Promise<string>;
  survey(job: SurveyJob): Survey;
  inherit(job: InheritJob): void;
}

export type JobKind = keyof LayerJobs;

/** Of an extraction, before its answer: the processes to kill should it be stopped. They are reaped by the answer only. */
export type Started = readonly number[];
