/** Draws each route of the OpenAPI document as an entry that opens. */

function element(name, text, ...children) {
  const node = document.createElement(name);
  if (text) node.textContent = text;
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

function entry(method, path, operation, components) {
  const summary = element(
    "summary",
    "",
    element("code", `${method.toUpperCase()} ${path}`),
    ` ${operation.summary ?? ""}`,
  );
  const details = element("details", "", summary);
  if (operation.description) details.append(element("p", operation.description));
  if (operation.requestBody) {
    details.append(element("h2", "Body"), ...content(operation.requestBody.content, components));
  }
  for (const [status, answer] of Object.entries(operation.responses)) {
    details.append(element("h2", `${status}: ${answer.description}`), ...content(answer.content, components));
  }
  return details;
}

const main = document.getElementById("routes");
try {
  const { paths, components } = await (await fetch("openapi.json")).json();
  main.replaceChildren(
    ...Object.entries(paths).flatMap(([path, operations]) =>
      Object.entries(operations).map(([method, operation]) => entry(method, path, operation, components?.schemas ?? {}))
    ),
  );
} catch (error) {
  main.textContent = `Cannot read openapi.json: ${error}. Reload the page.`;
}
