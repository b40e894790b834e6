// A client that knows OAuth 2.0 and nothing of Avain: openid-client, with no switch set. README.md says what it is asked
// by the lines of its standard input, and what it answers. It ends with its standard input.
import { createInterface } from "node:readline";

import * as oauth from "openid-client";

const ways = { basic: oauth.ClientSecretBasic, post: oauth.ClientSecretPost, none: oauth.None };

// What the library makes of an answer that it refuses.
const told = (e) => ({ name: e.name, code: e.code, error: e.error, description: e.error_description, status: e.status, cause: e.cause?.message });

let config, verifier, state; // of the sign-in that was begun last

const commands = {
  // Reads the metadata and makes the address that the person's browser opens.
  async begin({ issuer, client, secret, way, parameters }) {
    config = await oauth.discovery(new URL(issuer), client, undefined, ways[way](secret), { algorithm: "oauth2" });
    verifier = oauth.randomPKCECodeVerifier();
    state = oauth.randomState();
    const challenge = await oauth.calculatePKCECodeChallenge(verifier);
    const address = oauth.buildAuthorizationUrl(config, { state, code_challenge: challenge, code_challenge_method: "S256", ...parameters });
    return { address: address.href, metadata: config.serverMetadata() };
  },
  // Reads the answer in the address that the browser came back to, and redeems its code.
  async redeem({ address }) {
    return await oauth.authorizationCodeGrant(config, new URL(address), { pkceCodeVerifier: verifier, expectedState: state });
  },
  async introspect({ token }) {
    return await oauth.tokenIntrospection(config, token);
  },
  async revoke({ token }) {
    await oauth.tokenRevocation(config, token);
    return {};
  },
  async call({ token, address }) {
    const answer = await oauth.fetchProtectedResource(config, token, new URL(address), "GET");
    return { status: answer.status };
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const { command, ...rest } = JSON.parse(line);
  let answer;
  try {
    answer = { answer: await commands[command](rest) };
  } catch (e) {
    answer = { refused: told(e) };
  }
  process.stdout.write(JSON.stringify(answer) + "\n");
}
