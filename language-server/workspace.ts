// The governance files of the open folders. Each folder is one set, as the governor reads it; a file outside of them is a set of its own.

import { openDocument } from '../runtime/policy/document.ts';
import type { GovernanceDocument } from '../runtime/policy/document.ts';
import { PolicySet } from './policy-set.ts';

/** A file as the language server knows it. */
export interface KnownFile {
  /** Path relative to its folder with `/`, as findings name it; the address itself outside of any folder. */
  readonly name: string;
  /** Address as the client spells it. */
  readonly uri: string;
  readonly set: PolicySet;
  /** Version of the editor's text; undefined when the text is that of the disk. */
  readonly version: number | undefined;
  readonly document: GovernanceDocument;
}

/** `address` gives one spelling to all spellings of a URI, so that what the client opens and what the disk lists meet. */
export class Workspace {
  readonly #address: (uri: string) => string;
  readonly #folders = new Map<string, PolicySet>();
  readonly #alone = new Map<string, PolicySet>();
  readonly #files = new Map<string, KnownFile>();

  constructor(address: (uri: string) => string) {
    this.#address = address;
  }

  addFolder(uri: string): void {
    const address = withSlash(this.#address(uri));
    if (!this.#folders.has(address)) this.#folders.set(address, new PolicySet());
    for (const file of [...this.#files.values()]) this.#put(file.uri, file.document, file.version);
  }

  removeFolder(uri: string): void {
    const address = withSlash(this.#address(uri));
    const gone = this.#folders.get(address);
    this.#folders.delete(address);
    for (const [key, file] of [...this.#files]) {
      if (file.set !== gone) continue;
      if (file.version === undefined) this.#forget(key);
      else this.#put(file.uri, file.document, file.version);
    }
  }

  /** The editor opened the file, or changed it: its text rules over the disk's. */
  edit(uri: string, version: number, change: (document: GovernanceDocument | undefined) => GovernanceDocument): void {
    this.#put(uri, change(this.find(uri)?.document), version);
  }

  /** Text of the disk; ignored while the editor holds the file. Undefined: the file is gone. */
  fromDisk(uri: string, text: string | undefined): void {
    const file = this.find(uri);
    if (file?.version !== undefined) return;
    if (text === undefined) this.#forget(this.#address(uri));
    else if (file?.document.text !== text) this.#put(uri, openDocument(text), undefined);
  }

  /** The editor let go of the file. What is on disk rules again once `fromDisk` brings it; a file that is nowhere on disk is forgotten then. */
  close(uri: string): void {
    const file = this.find(uri);
    if (file) this.#files.set(this.#address(uri), { ...file, version: undefined });
  }

  find(uri: string): KnownFile | undefined {
    return this.#files.get(this.#address(uri));
  }

  get files(): readonly KnownFile[] {
    return [...this.#files.values()];
  }

  /** Address of a file that a finding of this set names. */
  uriOf(set: PolicySet, name: string): string {
    return this.files.find((file) => file.set === set && file.name === name)?.uri ?? name;
  }

  #put(uri: string, document: GovernanceDocument, version: number | undefined): void {
    const key = this.#address(uri);
    const { set, name } = this.#home(key);
    const before = this.#files.get(key);
    if (before && before.set !== set) before.set.remove(before.name);
    set.put(name, document);
    this.#files.set(key, { name, uri: version === undefined ? before?.uri ?? uri : uri, set, version, document });
  }

  #forget(key: string): void {
    const file = this.#files.get(key);
    file?.set.remove(file.name);
    this.#files.delete(key);
    this.#alone.delete(key);
  }

  /** The innermost open folder that holds the address. */
  #home(key: string): { readonly set: PolicySet; readonly name: string } {
    const folder = [...this.#folders.keys()].filter((prefix) => key.startsWith(prefix)).sort((a, b) => b.length - a.length)[0];
    const set = folder === undefined ? undefined : this.#folders.get(folder);
    if (folder !== undefined && set) return { set, name: decodeURIComponent(key.slice(folder.length)) };
    const alone = this.#alone.get(key) ?? new PolicySet();
    this.#alone.set(key, alone);
    return { set: alone, name: key };
  }
}

const withSlash = (address: string): string => (address.endsWith('/') ? address : `${address}/`);
