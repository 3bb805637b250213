import { discardBody } from './http.ts';
import type { Session } from './session.ts';

export interface LoginResult {
  /** A refresh token to keep in place of the password, where the registry gives one. */
  readonly identityToken?: string;
}

/** Whether the server speaks the protocol and takes the session's credentials (distribution-spec, "Determining Support"). */
export async function ping(session: Session): Promise<void> {
  await discardBody(await session.send(versionCheck(session, [200])));
}

/** Check credentials, and get a refresh token where the authorisation server gives one. Throws unauthenticated. */
export async function login(session: Session): Promise<LoginResult> {
  await ping(session);
  // A fresh challenge, for the token exchange of its own that asks for a refresh token.
  const anonymous = await session.challenge(versionCheck(session, [200, 401]));
  await discardBody(anonymous);
  const identityToken = anonymous.status === 401 ? await session.loginToken(anonymous) : undefined;
  return identityToken === undefined ? {} : { identityToken };
}

function versionCheck(session: Session, accept: readonly number[]) {
  return { method: 'GET' as const, target: 'v2/', scopes: [], accept, what: `login at ${session.host}` };
}
