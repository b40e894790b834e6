// A strict OpenID provider for the end-to-end tests: oidc-provider with its own sign-in and consent pages, told to be
// as unforgiving as it can be. README.md says how it is started, and what it refuses.
//
// All state is in memory. It ends with its standard input, so that no test leaves it behind.
import { createHash, generateKeyPairSync, randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { parseArgs } from "node:util";

import { Provider } from "oidc-provider";

const { values: asked } = parseArgs({
  options: {
    "client-id": { type: "string" },
    "client-secret": { type: "string" },
    "redirect-uri": { type: "string" },
    scopes: { type: "string", default: "" }, // those it knows besides OpenID Connect's
    life: { type: "string", default: "300" }, // of an access token, in seconds
    tenant: { type: "string", default: "" }, // makes id_tokens that Microsoft could have written
  },
});
for (const name of ["client-id", "client-secret", "redirect-uri"]) {
  if (!asked[name]) throw new Error(`--${name} is missing`);
}

// The clock goes forward on request. oidc-provider asks for the time here and nowhere else.
const realNow = Date.now;
let ahead = 0; // milliseconds
Date.now = () => realNow() + ahead;

const server = createServer();
server.listen(0, "127.0.0.1");
await once(server, "listening");
const base = `http://127.0.0.1:${server.address().port}`;

// Whoever signs in is the address typed as the login.
function person(email) {
  const [name, domain] = email.split("@");
  const digits = createHash("sha256").update(email).digest("hex");
  const oid = digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*/, "$1-$2-$3-$4-$5");
  return {
    sub: digits.slice(0, 24), email, email_verified: true, name, hd: domain,
    oid, tid: asked.tenant, preferred_username: email,
    id: oid, displayName: name, mail: email, userPrincipalName: email, // Graph's /me
  };
}

const microsofts = ["oid", "tid", "preferred_username", "id", "displayName", "mail", "userPrincipalName"];

const provider = new Provider(asked.tenant ? `${base}/${asked.tenant}/v2.0` : base, {
  clients: [{
    client_id: asked["client-id"],
    client_secret: asked["client-secret"],
    redirect_uris: [asked["redirect-uri"]],
    grant_types: ["authorization_code", "refresh_token"],
    token_endpoint_auth_method: "client_secret_post",
    id_token_signed_response_alg: "ES256",
  }],
  scopes: ["openid", "offline_access", ...asked.scopes.split(" ").filter(Boolean)],
  claims: {
    openid: ["sub", ...(asked.tenant ? microsofts : [])],
    email: ["email", "email_verified"],
    profile: ["name", "hd"],
  },
  findAccount: (ctx, login) => ({ accountId: login, claims: () => person(login) }),
  features: {
    devInteractions: { enabled: true },
    introspection: { enabled: true, allowedPolicy: (ctx, client, token) => token.clientId === client.clientId },
    revocation: { enabled: true, allowedPolicy: (ctx, client, token) => token.clientId === client.clientId },
  },
  pkce: { required: () => true },
  rotateRefreshToken: true,
  clockTolerance: 0,
  ttl: { AccessToken: Number(asked.life) },
  cookies: { keys: [randomBytes(32).toString("base64url")] },
  jwks: { keys: [generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ format: "jwk" })] },
});

// What the tests compare with: answers of the token endpoint by grant type, its refusals, and the grants that ended.
const counts = { authorization_code: 0, refresh_token: 0, refused: 0, ended: 0 };
provider.on("grant.success", (ctx) => counts[ctx.oidc.params.grant_type]++);
provider.on("grant.error", () => counts.refused++);
provider.on("grant.revoked", () => counts.ended++);
provider.on("server_error", (ctx, err) => console.error(err));

// Two paths are ours: POST /control/clock?forward=SECONDS and GET /control/counts.
const strict = provider.callback();
server.on("request", (req, res) => {
  const { pathname, searchParams } = new URL(req.url, base);
  if (!pathname.startsWith("/control/")) {
    strict(req, res);
    return;
  }
  if (pathname === "/control/clock") ahead += Number(searchParams.get("forward")) * 1000;
  res.setHeader("Content-Type", "application/json");
  res.end(JSON.stringify(counts));
});

process.stdin.on("end", () => process.exit(0)).resume();
console.log(`ready ${base}`);
