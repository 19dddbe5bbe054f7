// The HTTP half of the server, with its token where it wants one.

let token = new URLSearchParams(location.hash.slice(1)).get("token");

export function secret() { return token; }

async function ask(path, options = {}) {
  const headers = { ...options.headers, ...(token ? { Authorization: `Bearer ${token}` } : {}) };
  let reply;
  try {
    reply = await fetch(path, { ...options, headers });
  } catch {
    throw new Error("The server does not answer. Is it still running?");
  }
  if (reply.status === 401 && await askToken()) return ask(path, options);
  if (!reply.ok) throw new Error(await sentence(reply));
  return reply;
}

async function sentence(reply) {
  const { detail } = await reply.json().catch(() => ({}));
  const words = typeof detail === "string" ? detail : detail?.[0]?.msg ?? `Error ${reply.status}.`;
  return words[0].toUpperCase() + words.slice(1);
}

export async function askToken() {
  const door = document.getElementById("door");
  door.showModal();
  await new Promise((closed) => door.addEventListener("close", closed, { once: true }));
  token = document.getElementById("token").value.trim();
  return !!token;
}

function form(fields) {
  const body = new FormData();
  Object.entries(fields).forEach(([name, value]) => body.append(name, value));
  return { method: "POST", body };
}

export const health = async () => (await fetch("/health")).json();
export const createAvatar = async (fields) => (await ask("/v1/avatars", form(fields))).json();
export const createJob = async (fields) => (await ask("/v1/jobs", form(fields))).json();
export const voices = async () => (await ask("/v1/voices")).json();
export const speech = async (body) => (await ask("/v1/speech", {
  method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
})).arrayBuffer();
export const job = async (id) => (await ask(`/v1/jobs/${id}`)).json();
export const video = async (id) => (await ask(`/v1/jobs/${id}/video`)).blob();
// Where a session's frames are shown alone; a proxy finds the worker by its cookie's value.
export function view(id) {
  const key = document.cookie.match(/(?:^|; )openvasa=([^;]+)/)?.[1];
  return `/view/${id}${key ? `?key=${key}` : ""}`;
}

// They may be sent while the page closes, and there may be nothing to remove any more.
const remove = (path) => ask(path, { method: "DELETE", keepalive: true }).catch(() => {});
export const forget = (id) => remove(`/v1/avatars/${id}`);
export const giveUp = (id) => remove(`/v1/jobs/${id}`);
