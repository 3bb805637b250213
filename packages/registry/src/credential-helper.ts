import { exec, PouchError } from '@pouch/base';
import { JsonReader } from '@pouch/oci';
import type { RegistryCredentials } from './credentials.ts';

const OUTPUT_LIMIT = 4 * 1024 * 1024;
/** The user name by which a helper says that its secret is an identity token. */
const TOKEN_USER = '<token>';

/** The `docker-credential-NAME` program: keeps passwords in a desktop's keychain or gets them from a cloud. */
export class CredentialHelper {
  readonly #program: string;

  constructor(name: string) {
    if (!/^[A-Za-z0-9][\w.-]*$/.test(name)) {
      throw new PouchError('invalid-argument', `invalid credential helper name: ${JSON.stringify(name)}`);
    }
    this.#program = `docker-credential-${name}`;
  }

  async get(server: string): Promise<RegistryCredentials | undefined> {
    const { code, stdout, stderr } = await exec(this.#program, ['get'], { input: server, allowFailure: true });
    if (code !== 0) {
      const said = stdout.trim() || stderr.trim();
      if (/credentials not found/i.test(said)) return undefined;
      throw new PouchError(
        'upstream',
        `${this.#program} could not get the credentials of ${server}: ${said || `exit code ${code}`}`,
      );
    }
    const reader = JsonReader.parse(stdout, OUTPUT_LIMIT, `output of ${this.#program}`);
    const username = reader.get('Username').optionalString() ?? '';
    const secret = reader.get('Secret').optionalString() ?? '';
    if (username === TOKEN_USER) return { identitytoken: secret, serveraddress: server };
    return username === '' ? undefined : { username, password: secret, serveraddress: server };
  }

  async store(server: string, { username = '', password = '', identitytoken }: RegistryCredentials): Promise<void> {
    const secret = identitytoken
      ? { Username: TOKEN_USER, Secret: identitytoken }
      : { Username: username, Secret: password };
    await exec(this.#program, ['store'], { input: JSON.stringify({ ServerURL: server, ...secret }) });
  }

  async erase(server: string): Promise<void> {
    await exec(this.#program, ['erase'], { input: server });
  }

  /** The servers that it knows. */
  async list(): Promise<string[]> {
    const { stdout } = await exec(this.#program, ['list']);
    return JsonReader.parse(stdout, OUTPUT_LIMIT, `output of ${this.#program}`)
      .entries()
      .map(([server]) => server);
  }
}
