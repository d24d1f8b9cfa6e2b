/// <reference lib="dom" />
/** Finds, creates and writes elements of the page. */

/** Returns the element with this id. Throws if it is missing, which is a defect: page and code are served together. */
export function byId<Kind extends HTMLElement>(id: string, kind: new () => Kind): Kind {
  const element = document.getElementById(id);
  if (!(element instanceof kind)) throw new TypeError(`The page has no ${kind.name} #${id}`);
  return element;
}

export function within<Kind extends HTMLElement>(root: HTMLElement, selector: string, kind: new () => Kind): Kind {
  const element = root.querySelector(selector);
  if (!(element instanceof kind)) throw new TypeError(`#${root.id} has no ${kind.name} ${selector}`);
  return element;
}

export function create<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  className = "",
  ...children: (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children);
  return element;
}

/** Writes only a changed text, which saves layout and keeps screen readers from repeating it. */
export function setText(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** Creates a table row with a header cell and its numbers. */
export function tableRow(name: Node | string, ...numbers: (Node | string)[]): HTMLTableRowElement {
  const head = create("th", "", name);
  head.scope = "row";
  return create("tr", "", head, ...numbers.map((number) => create("td", "number", number)));
}

/** Creates a text that CSS may shorten; its tooltip shows all of it. */
export function short(text: string, className = "short"): HTMLElement {
  const element = create("span", className, text);
  element.title = text;
  return element;
}
