// The token flow, all in the browser: the answer is behind the # of the address
// (accessToken, accountId, state, status), errors also in the query.

const gmailPath = "/v1/direct/gmail/v1/users/me/messages";
const onlyHeaders = "?format=metadata&metadataHeaders=Subject&metadataHeaders=From&metadataHeaders=Date";

const graphPath = "/v1/direct/me/messages";
const zohoPath = "/v1/direct/api/accounts";
const graphFields = "?$top=5&$select=subject,from,receivedDateTime,bodyPreview";

// HubSpot is a CRM and has no mail, so people are shown in its place.
const crmPath = "/v1/direct/crm/objects/2026-03/contacts";
const crmFields = "?limit=5&properties=firstname,lastname,email";

// Salesforce is a CRM too.
const soqlPath = "/v1/direct/services/data/v60.0/query";
const soqlContacts = "SELECT Name, Email FROM Contact LIMIT 5";

// An Exchange has one address, to which all questions go as SOAP.
const exchangePath = "/v1/direct/EWS/Exchange.asmx";
const soapSpaces = 'xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages" xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types"';
const inboxQuestion = `<s:Envelope ${soapSpaces}><s:Header><t:RequestServerVersion Version="Exchange2010"/></s:Header><s:Body><m:FindItem Traversal="Shallow">
  <m:ItemShape><t:BaseShape>IdOnly</t:BaseShape><t:AdditionalProperties><t:FieldURI FieldURI="item:Subject"/><t:FieldURI FieldURI="item:DateTimeReceived"/><t:FieldURI FieldURI="message:From"/></t:AdditionalProperties></m:ItemShape>
  <m:IndexedPageItemView MaxEntriesReturned="5" Offset="0" BasePoint="Beginning"/>
  <m:SortOrder><t:FieldOrder Order="Descending"><t:FieldURI FieldURI="item:DateTimeReceived"/></t:FieldOrder></m:SortOrder>
  <m:ParentFolderIds><t:DistinguishedFolderId Id="inbox"/></m:ParentFolderIds></m:FindItem></s:Body></s:Envelope>`;

// SugarCRM is one as well; paths are relative to the person's instance.
const sugarPath = "/v1/direct/rest/v11/Contacts?max_num=5&fields=name,email";

const page = document.getElementById("page");
const byId = (id) => document.getElementById(id);
const field = (id, name) => byId(id).querySelector(`[data-field="${name}"]`);

class Failure extends Error {
  constructor(code, message, requestId) {
    super(message);
    this.code = code;
    this.requestId = requestId;
  }
}

page.hidden = false;
const answer = readAnswer();
// First of all the token leaves the address, and with it the history.
history.replaceState(null, "", location.pathname);
run(answer).catch(showFailure);

function readAnswer() {
  const fragment = new URLSearchParams(location.hash.slice(1));
  return fragment.has("status") ? fragment : new URLSearchParams(location.search);
}

async function run(answer) {
  if (!answer.has("status")) {
    throw new Failure("answer.missing", "There is no answer in this address. The token lived in the page’s memory only: connect again to get one.");
  }
  // Before anything of the answer is believed: did this browser ask for it?
  const begun = [...page.querySelectorAll(".expected")].find((e) => e.dataset.state === answer.get("state"));
  if (!begun) {
    throw new Failure("state.mismatch", "The answer's state does not belong to a connection that this browser began in the last 15 minutes. Nothing was done with it.");
  }
  byId("try-again").href = begun.dataset.again;
  addCall({ who: "browser", method: "GET", path: begun.dataset.authorize, status: 303 });
  if (answer.get("status") !== "success") {
    throw new Failure(answer.get("error") || "unknown", answer.get("details") || "No reason was given.");
  }
  const token = answer.get("accessToken") || "";
  if (!token) {
    throw new Failure("answer.unreadable", "The answer says success and carries no token. Connect again.");
  }
  byId("title").textContent = "A mailbox is connected";
  await show(token, begun.dataset.again);
}

async function show(token, again) {
  byId("progress").textContent = "Asking Avain for the account…";
  const account = await call(token, "/v1/account");
  showAccount(account, token, again);
  byId("inbox").hidden = false;
  const may = (...scopes) => scopes.some((scope) => account.authScopes?.includes(scope));
  if (account.serviceType === "Hubspot") {
    byId("title").textContent = "A CRM is connected";
    byId("inbox-title").textContent = "First contacts";
    if (may("Contacts.Read", "Contacts.ReadWrite")) showMessages(await contacts(token));
    else note("Contacts.Read was not granted, so there are no contacts to show.");
  } else if (account.serviceType === "Salesforce") {
    byId("title").textContent = "A CRM is connected";
    byId("inbox-title").textContent = "First contacts";
    showMessages(await salesforce(token));
  } else if (account.serviceType === "SugarCRM") {
    byId("title").textContent = "A CRM is connected";
    byId("inbox-title").textContent = "First contacts";
    showMessages(await sugarcrm(token));
  } else if (!may("Mail.Read", "Mail.ReadWrite", "Mail.All")) {
    note("Mail.Read was not granted, so there are no messages to show. Connect again and leave its box ticked.");
  } else if (account.serviceType === "IMAP") {
    note("The mailbox is connected. IMAP has no web API, so there are no messages to show here.");
  } else {
    byId("progress").textContent = "Reading the first messages…";
    showMessages(await ({ EWS: exchange, Office365: graph, Zoho: zoho }[account.serviceType] ?? gmail)(token));
  }
  byId("progress").textContent = "";
}

function showAccount(account, token, again) {
  for (const name of ["name", "email", "serviceType", "id"]) {
    field("account", name).textContent = account[name] ?? "";
  }
  field("account", "tokenStatus").replaceChildren(pill(account.tokenStatus));
  const granted = account.authScopes ?? [];
  field("account", "authScopes").replaceChildren(...granted.flatMap((scope) => [pill(scope), " "]));
  byId("token").textContent = shortened(token);
  const link = new URL(again, location.origin);
  link.searchParams.set("accountId", account.id);
  byId("connect-again").href = link.pathname + link.search;
  byId("disconnect").addEventListener("click", () => disconnect(token).catch(showFailure));
  byId("account").hidden = false;
}

// gmail reads the list first, then the headers of each message.
async function gmail(token) {
  const list = await call(token, gmailPath + "?maxResults=5");
  const ids = (list.messages ?? []).slice(0, 5).map((m) => encodeURIComponent(m.id));
  const messages = await Promise.all(ids.map((id) => call(token, `${gmailPath}/${id}${onlyHeaders}`, `${gmailPath}/${id}?format=metadata`)));
  return messages.map((message) => {
    const header = (name) => message.payload?.headers?.find((h) => h.name === name)?.value ?? "";
    return { subject: header("Subject"), from: header("From"), date: header("Date"), snippet: plain(message.snippet ?? "") };
  });
}

// graph reads the list of Microsoft Graph, which holds all that is shown.
async function graph(token) {
  const list = await call(token, graphPath + graphFields, graphPath + "?$top=5");
  return (list.value ?? []).slice(0, 5).map((message) => {
    const { name = "", address = "" } = message.from?.emailAddress ?? {};
    return { subject: message.subject, from: `${name} <${address}>`.trim(), date: asInMail(message.receivedDateTime), snippet: message.bodyPreview ?? "" };
  });
}

// contacts reads the first contacts of HubSpot: who, and since when.
async function contacts(token) {
  const list = await call(token, crmPath + crmFields, crmPath + "?limit=5");
  return (list.results ?? []).slice(0, 5).map(({ properties = {}, createdAt = "" }) => {
    const { firstname = "", lastname = "", email = "" } = properties;
    return { subject: `${firstname} ${lastname}`.trim(), from: email, date: asInMail(createdAt), snippet: "" };
  });
}

// salesforce reads the first contacts.
async function salesforce(token) {
  const list = await call(token, `${soqlPath}?${new URLSearchParams({ q: soqlContacts })}`);
  return (list.records ?? []).slice(0, 5).map(({ Name = "", Email = "" }) => ({ subject: Name, from: Email, date: "", snippet: "" }));
}

// exchange asks for the newest messages of the inbox.
async function exchange(token) {
  const answer = await call(token, exchangePath, exchangePath, inboxQuestion);
  const text = (within, name) => within.getElementsByTagNameNS("*", name)[0]?.textContent ?? "";
  if (text(answer, "ResponseCode") !== "NoError") throw new Failure("provider.soap", `Exchange answered with ${text(answer, "ResponseCode")}.`);
  return [...answer.getElementsByTagNameNS("*", "Message")].slice(0, 5).map((message) => ({
    subject: text(message, "Subject"), from: `${text(message, "Name")} <${text(message, "EmailAddress")}>`.trim(), date: asInMail(text(message, "DateTimeReceived")), snippet: "",
  }));
}

// sugarcrm reads the first contacts.
async function sugarcrm(token) {
  const list = await call(token, sugarPath);
  return (list.records ?? []).slice(0, 5).map(({ name = "", email = [] }) => ({ subject: name, from: email[0]?.email_address ?? "", date: "", snippet: "" }));
}

// asInMail writes a date of the APIs as a mail's header has it, which people read.
function asInMail(received) {
  const at = new Date(received);
  return Number.isNaN(at.valueOf()) ? received : at.toUTCString().replace("GMT", "+0000");
}

// zoho asks for the mailbox first: its id stands in the path of the list.
async function zoho(token) {
  const [mailbox] = (await call(token, zohoPath)).data ?? [];
  if (!mailbox) return [];
  const list = await call(token, `${zohoPath}/${encodeURIComponent(mailbox.accountId)}/messages/view?limit=5`);
  return (list.data ?? []).slice(0, 5).map((message) => ({
    subject: message.subject, from: `${message.sender} <${message.fromAddress}>`,
    date: asInMail(Number(message.receivedTime)), snippet: message.summary ?? "",
  }));
}

function showMessages(messages) {
  for (const message of messages) {
    const item = byId("message").content.cloneNode(true);
    item.querySelector("strong").textContent = message.subject || "(no subject)";
    item.querySelector(".from").textContent = message.from;
    item.querySelector(".date").textContent = message.date;
    item.querySelector(".snippet").append(message.snippet);
    byId("messages").append(item);
  }
  if (messages.length === 0) note("There is nothing there yet.");
}

// disconnect asks this application's own server, which may remove accounts.
async function disconnect(token) {
  byId("disconnect").disabled = true;
  const response = await fetch("/disconnect", { method: "POST", headers: { Authorization: `Bearer ${token}` } });
  addCall({ who: "browser", method: "POST", path: "/disconnect", status: response.status });
  const result = await response.json();
  for (const made of result.calls ?? []) addCall(made);
  if (result.error) {
    byId("disconnect").disabled = false;
    throw new Failure(result.error.code, result.error.message, result.error.requestId);
  }
  byId("account").hidden = true;
  byId("inbox").hidden = true;
  byId("error").hidden = true;
  byId("title").textContent = "The account is disconnected";
  byId("progress").textContent = "Avain has wiped what it held, and the token opens nothing any more.";
}

// call asks Avain across origins (CORS), with the account's token: by GET and JSON, or
// where there is a question, by POST and XML.
async function call(token, path, shown = path, question) {
  const method = question ? "POST" : "GET";
  const headers = { Authorization: `Bearer ${token}`, ...(question && { "Content-Type": "text/xml; charset=utf-8" }) };
  let response;
  try {
    response = await fetch(page.dataset.avain + path, { method, headers, body: question, credentials: "omit" });
  } catch {
    addCall({ who: "browser", method, path: shown, status: 0 });
    throw new Failure("avain.unreachable", "Avain did not answer this page. Is it running, and does the application's list of return URLs hold this page's address?");
  }
  addCall({ who: "browser", method, path: shown, status: response.status });
  if (question && response.ok) return new DOMParser().parseFromString(await response.text(), "text/xml");
  const body = await response.json().catch(() => null);
  if (response.ok && body) return body;
  throw new Failure(
    body?.code ?? `provider.${response.status}`,
    body?.message ?? body?.error?.message ?? `The answer had the status ${response.status} and no explanation.`,
    body?.requestId,
  );
}

function addCall({ who, method, path, status }) {
  const item = document.createElement("li");
  const code = document.createElement("code");
  code.append(`${method} `);
  path.split("&").forEach((part, i) => {
    if (i > 0) code.append(document.createElement("wbr"), "&"); // where a line may break
    code.append(part);
  });
  const result = span("status" + (status === 0 || status >= 400 ? " bad" : ""), status || "no answer");
  item.append(span("who", who), " ", code, " ", result);
  byId("calls").append(item);
}

function showFailure(failure) {
  byId("progress").textContent = "";
  if (byId("account").hidden) {
    byId("title").textContent = failure.code === "answer.missing" ? "No token here any more" : "Nothing was connected";
  }
  field("error", "message").textContent = failure.message;
  field("error", "code").textContent = failure.code ?? "sample.internal";
  field("error", "request").textContent = failure.requestId ? ` · request ${failure.requestId}` : "";
  byId("error").hidden = false;
}

function note(text) {
  byId("messages-note").textContent = text;
  byId("messages-note").hidden = false;
}

function span(className, text) {
  const element = document.createElement("span");
  element.className = className;
  element.textContent = text;
  return element;
}

const pill = (text) => span("pill", text);

// plain decodes the entities of Gmail's snippet without letting markup through.
function plain(snippet) {
  return new DOMParser().parseFromString(snippet.replaceAll("<", "&lt;"), "text/html").body.textContent;
}

// shortened shows enough of the token to recognize it and too little to use it.
function shortened(token) {
  return token.length < 32 ? `${token.slice(0, 4)}…` : `${token.slice(0, 12)}…${token.slice(-4)}`;
}
