import { PouchError } from '@pouch/base';
import type { Durability, RecordTable } from '../store/record-table.ts';
import { Container, type ContainerDirectories } from './container.ts';
import type { ContainerRecord } from './container-record.ts';

/** All containers of this daemon, by id and by name; the durable table behind them. */
export class ContainerIndex {
  readonly #byId = new Map<string, Container>();
  readonly #byName = new Map<string, Container>();
  /** Those that somebody was told are gone, while the last of their things still go. */
  readonly #vanished = new Set<Container>();
  readonly #table: RecordTable<ContainerRecord>;
  readonly #directories: ContainerDirectories;

  constructor(table: RecordTable<ContainerRecord>, directories: ContainerDirectories) {
    this.#table = table;
    this.#directories = directories;
  }

  /** Read everything back, once, at start. */
  load(): void {
    for (const { value } of this.#table.all()) this.#hold(this.#make(value));
  }

  #make(record: ContainerRecord): Container {
    return new Container(record, this.#directories, {
      save: (changed) => this.#table.put(changed.id, changed, nameInTable(changed), durabilityOf(changed)),
      forget: (gone) => {
        this.#table.delete(gone.id, gone.hostConfig.AutoRemove ? 'crash' : 'soon');
        this.#drop(gone);
      },
    });
  }

  #hold(container: Container): void {
    this.#byId.set(container.id, container);
    if (container.status !== 'removing') this.#byName.set(container.record.name, container);
  }

  #drop(record: ContainerRecord): void {
    const container = this.#byId.get(record.id);
    if (container) this.#vanished.delete(container);
    this.#byId.delete(record.id);
    if (this.#byName.get(record.name)?.id === record.id) this.#byName.delete(record.name);
  }

  /** Durable when it returns. Throws `conflict` when the name is taken. */
  add(record: ContainerRecord): Container {
    this.checkNameFree(record.name);
    const container = this.#make(record);
    container.save();
    this.#hold(container);
    return container;
  }

  checkNameFree(name: string): void {
    const owner = this.#byName.get(name);
    if (!owner) return;
    throw new PouchError(
      'conflict',
      `Conflict. The container name "/${name}" is already in use by container "${owner.id}". You have to remove (or rename) that container to be able to reuse that name.`,
    );
  }

  rename(container: Container, name: string): void {
    this.checkNameFree(name);
    const before = container.record.name;
    container.record.name = name;
    container.save();
    this.#byName.delete(before);
    this.#byName.set(name, container);
  }

  /** A container that is being removed keeps its record until all is gone, but gives its name back at once. */
  releaseName(container: Container): void {
    if (this.#byName.get(container.record.name) === container) this.#byName.delete(container.record.name);
  }

  /** Its removal is certain, and told: from now on no client finds it. */
  vanish(container: Container): void {
    this.releaseName(container);
    this.#vanished.add(container);
  }

  /** By full id, name (with or without a slash), or unique beginning of the id. Throws `not-found`. */
  get(reference: string): Container {
    const container = this.find(reference);
    if (!container) throw new PouchError('not-found', `No such container: ${reference}`);
    return container;
  }

  find(reference: string): Container | undefined {
    const name = reference.replace(/^\//, '');
    const exact = this.#byId.get(name) ?? this.#byName.get(name);
    if (exact && this.#vanished.has(exact)) return undefined;
    if (exact || name === '') return exact;
    if (!/^[0-9a-f]+$/.test(name)) return undefined;
    const matches = this.known().filter((container) => container.id.startsWith(name));
    if (matches.length > 1) {
      throw new PouchError('invalid-argument', `Multiple IDs found with provided prefix: ${reference}`);
    }
    return matches[0];
  }

  byId(id: string): Container | undefined {
    return this.#byId.get(id);
  }

  /** Also those whose removal was told and is under way. */
  all(): Container[] {
    return [...this.#byId.values()];
  }

  /** Those that clients are shown. */
  known(): Container[] {
    return this.all().filter((container) => !this.#vanished.has(container));
  }
}

/** Names are unique only among containers that are not being removed. */
function nameInTable(record: ContainerRecord): string | undefined {
  return record.state.status === 'removing' ? undefined : record.name;
}

/**
 * What the user was told survives the loss of power: the manager answers when it is flushed. Steps on the way there need
 * not, for nothing runs after it: they are finished or undone either way. Nor does a container under --rm, which a boot
 * would only remove. The phases of an upgrade are on the disk before they are acted on: files go with some.
 */
function durabilityOf(record: ContainerRecord): Durability {
  const onTheWay = ['creating', 'starting', 'removing'].includes(record.state.status);
  if (onTheWay || record.hostConfig.AutoRemove) return 'crash';
  return record.upgrade ? 'power-loss' : 'soon';
}
