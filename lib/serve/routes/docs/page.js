/** Draws each route of the OpenAPI document as an entry that opens, with a form that sends a request. */

function element(name, text, ...children) {
  const node = document.createElement(name);
  if (text) node.textContent = text;
  // A long text scrolls, also with the keyboard.
  if (name === "pre") node.tabIndex = 0;
  node.append(...children);
  return node;
}

/** Returns a schema with its references replaced, up to a readable depth. */
function resolved(schema, components, depth = 0) {
  if (Array.isArray(schema)) return schema.map((item) => resolved(item, components, depth));
  if (typeof schema !== "object" || schema === null || depth > 12) return schema;
  const name = schema.$ref?.split("/").at(-1);
  if (name) return resolved(components[name] ?? {}, components, depth + 1);
  return Object.fromEntries(
    Object.entries(schema).map(([key, value]) => [key, resolved(value, components, depth + 1)]),
  );
}

function content(types, components) {
  return Object.entries(types ?? {}).flatMap(([type, { schema }]) => [
    element(
      "details",
      "",
      element("summary", type),
      element("pre", JSON.stringify(resolved(schema, components), null, 2)),
    ),
  ]);
}

/** Returns a value that the schema describes, as a start for the user's own. */
function example({ type, properties = {}, required, anyOf, oneOf, items, enum: values, minimum, example: given }) {
  if (given !== undefined) return given;
  const [first] = anyOf ?? oneOf ?? [];
  if (first) return example(first);
  if (values) return values[0];
  if (type === "object") {
    const names = (required ?? Object.keys(properties)).slice(0, 1);
    return Object.fromEntries(names.map((name) => [name, example(properties[name] ?? {})]));
  }
  if (type === "array") return [example(items ?? {})];
  if (type === "boolean") return false;
  return type === "integer" || type === "number" ? minimum ?? 1 : "text";
}

/** Limits the characters of an answer that are shown. */
const MOST_SHOWN = 20_000;

/** Returns a form with a field per parameter and the body, and the answer of the server below it. */
function tryForm(method, path, { parameters = [], requestBody }, components) {
  const answer = element("pre", "");
  answer.hidden = true;
  const fields = parameters.filter((parameter) => parameter.in !== "header").map((parameter) => {
    const input = element("input", "");
    input.required = parameter.required === true;
    const label = element("label", `${parameter.name} `, input);
    return { parameter, input, label };
  });
  const schema = requestBody?.content["application/json"]?.schema;
  const body = schema && element("textarea", JSON.stringify(example(resolved(schema, components))));
  body?.setAttribute("aria-label", "Body");
  const send = element("button", "Send");
  const form = element("form", "", ...fields.map(({ label }) => label), ...body ? [body] : [], send, answer);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const given = fields.filter(({ input }) => input.value !== "");
    const inPath = (text, { parameter, input }) => text.replace(`{${parameter.name}}`, encodeURIComponent(input.value));
    const query = given.filter(({ parameter }) => parameter.in === "query").map((
      { parameter, input },
    ) => [parameter.name, input.value]);
    const address = given.reduce(inPath, path.slice(1)) + (query.length > 0 ? `?${new URLSearchParams(query)}` : "");
    const options = body ? { body: body.value, headers: { "content-type": "application/json" } } : {};
    answer.hidden = false;
    answer.textContent = "Waiting …";
    try {
      const response = await fetch(address, { method, ...options });
      const text = await response.text();
      const isJson = /json/.test(response.headers.get("content-type") ?? "");
      const shown = isJson && text !== "" ? JSON.stringify(JSON.parse(text), null, 2) : text;
      answer.textContent = `${response.status} ${response.statusText}\n\n${shown.slice(0, MOST_SHOWN)}`;
    } catch {
      answer.textContent = "The server does not answer";
    }
  });
  return form;
}

/** A stream does not end, so its answer cannot be shown. */
function isStream({ responses }) {
  return Object.values(responses).some(({ content = {} }) => "text/event-stream" in content);
}

function entry(method, path, operation, components) {
  const verb = element("code", method.toUpperCase());
  verb.className = method;
  // Names of fields are between grave accents.
  const words = (operation.summary ?? "").split("`").map((part, at) => at % 2 === 1 ? element("code", part) : part);
  const summary = element("summary", "", verb, " ", element("code", path), " ", element("span", "", ...words));
  const details = element("details", "", summary);
  if (operation.description) details.append(element("p", operation.description));
  if (operation.requestBody) {
    details.append(element("h3", "Body"), ...content(operation.requestBody.content, components));
  }
  if (!isStream(operation)) {
    details.append(element("h3", "Try it"), tryForm(method.toUpperCase(), path, operation, components));
  }
  for (const [status, answer] of Object.entries(operation.responses)) {
    details.append(element("h3", `${status}: ${answer.description}`), ...content(answer.content, components));
  }
  return details;
}

/** Titles of the parts, by the beginnings of their paths. */
const PARTS = [
  ["Predictions", /^\/(predict|model)\b/],
  ["Models", /^\/models\b/],
  ["Runs", /^\/(runs|events|files)\b/],
  ["Open Inference Protocol", /^\/v2\b/],
  ["Operation", /./],
];

function part(title, entries) {
  return entries.length === 0 ? [] : [element("section", "", element("h2", title), ...entries)];
}

const main = document.getElementById("routes");
try {
  const { paths, components } = await (await fetch("openapi.json")).json();
  const of = (path) => PARTS.find(([, pattern]) => pattern.test(path))[0];
  const entries = Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => ({
      title: of(path),
      shown: entry(method, path, operation, components?.schemas ?? {}),
    }))
  );
  main.replaceChildren(
    ...PARTS.flatMap(([title]) => part(title, entries.filter((one) => one.title === title).map(({ shown }) => shown))),
  );
} catch (error) {
  main.textContent = `Cannot read openapi.json: ${error}. Reload the page.`;
}
