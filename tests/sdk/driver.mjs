// Runs one WorkOS SDK for Node, or the verifiers of Standard Webhooks, for tests/it/sdk.rs: a line
// of JSON in, a line of JSON out, until the input ends.
//
//   node driver.mjs FOLDER     FOLDER is one that scripts/test-setup-sdks made
//
// A request is {do, base, key, ...}; an answer is {ok: value} or {error: {...}}. The driver decides
// nothing: it calls the SDK as an application would and shows what came back.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const require = createRequire(join(process.argv[2], 'package.json'));
const load = (name) => {
  try {
    return require(name);
  } catch (error) {
    if (error.code === 'MODULE_NOT_FOUND') return undefined;
    throw error;
  }
};
const sdk = load('@workos-inc/node');
const standard = load('standardwebhooks');
const svix = load('svix');

/** An SDK as an application sets it up (contract §1). Newer ones take no retries in tests. */
function client({ base, key }) {
  const { hostname, port } = new URL(base);
  return new sdk.WorkOS(key, {
    apiHostname: hostname,
    port: Number(port),
    https: false,
    maxRetries: 0,
  });
}

const page = ({ data, listMetadata }) => ({ data, listMetadata });

/** The generic names of the tests' requests and what they are in this SDK. */
const calls = {
  list_directories: async (w, { query }) => page(await w.directorySync.listDirectories(query)),
  get_directory: (w, { id }) => w.directorySync.getDirectory(id),
  delete_directory: (w, { id }) => w.directorySync.deleteDirectory(id),
  list_users: async (w, { query }) => page(await w.directorySync.listUsers(query)),
  get_user: (w, { id }) => w.directorySync.getUser(id),
  list_groups: async (w, { query }) => page(await w.directorySync.listGroups(query)),
  get_group: (w, { id }) => w.directorySync.getGroup(id),
  list_events: async (w, { query }) => page(await w.events.listEvents(query)),
  list_endpoints: async (w, { query }) => page(await w.webhooks.listWebhookEndpoints(query)),
  create_endpoint: (w, { body }) => w.webhooks.createWebhookEndpoint(body),
  update_endpoint: (w, { id, body }) => w.webhooks.updateWebhookEndpoint({ id, ...body }),
  delete_endpoint: (w, { id }) => w.webhooks.deleteWebhookEndpoint({ id }),
  portal_link: (w, { body }) => (w.adminPortal ?? w.portal).generateLink(body),
  list_organizations: async (w, { query }) => page(await w.organizations.listOrganizations(query)),
  get_organization: (w, { id }) => w.organizations.getOrganization(id),
  create_organization: (w, { body, idempotency_key: idempotencyKey }) =>
    w.organizations.createOrganization(body, { idempotencyKey }),
  walk_directories: async (w, { query }) =>
    (await w.directorySync.listDirectories(query)).autoPagination(),
  walk_users: async (w, { query }) => (await w.directorySync.listUsers(query)).autoPagination(),
  walk_groups: async (w, { query }) => (await w.directorySync.listGroups(query)).autoPagination(),
  // Events have no automatic pages in these SDKs: an application keeps the cursor.
  walk_events: async (w, { query }) => {
    const all = [];
    for (let after = query.after; ; ) {
      const { data, listMetadata } = await w.events.listEvents({ ...query, after });
      all.push(...data);
      if (!listMetadata.after) return all;
      after = listMetadata.after;
    }
  },
  // The older SDKs take the parsed body only, the newest takes the raw one too.
  webhook_parsed: (w, { body, header, secret }) =>
    w.webhooks.constructEvent({ payload: JSON.parse(body), sigHeader: header, secret }),
  webhook_raw: (w, { body, header, secret }) =>
    w.webhooks.constructEvent({ payload: body, sigHeader: header, secret }),
  webhook_bytes: (w, { body, header, secret }) =>
    w.webhooks.constructEvent({ payload: Buffer.from(body), sigHeader: header, secret }),
};

/** What needs no SDK. */
const plain = {
  hello: () => ({ node: process.version }),
  // The bodies that are not what JavaScript writes for them (contract §7).
  unstable: ({ bodies }) => bodies.filter((body) => JSON.stringify(JSON.parse(body)) !== body),
  standardwebhooks: ({ body, headers, secret }) =>
    new standard.Webhook(secret).verify(body, headers),
  svix: ({ body, headers, secret }) => new svix.Webhook(secret).verify(body, headers),
};

/** An error with everything an application can read from it. */
function shown(error) {
  const { message, status, code, requestID, errors, retryAfter } = error;
  return { class: error.constructor.name, name: error.name, message, status, code,
    request_id: requestID, errors, retry_after: retryAfter };
}

async function answer(request) {
  try {
    if (plain[request.do]) return { ok: await plain[request.do](request) };
    const call = calls[request.do];
    if (!call) throw new Error(`the driver has no call ${request.do}`);
    return { ok: (await call(client(request), request)) ?? null };
  } catch (error) {
    return { error: shown(error) };
  }
}

for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
  process.stdout.write(`${JSON.stringify(await answer(JSON.parse(line)))}\n`);
}
