/**
 * Generates lines of a web server's access log: `text,label` rows on standard output, with the labels `normal`, `scan`
 * (requests for known holes), `injection` (code in the query) and `bruteforce` (attempts at passwords).
 *
 *     deno run examples/access_log.ts > access.csv
 */
import { createDraw, csv, print } from "./draw.ts";

const ROWS = 4000;

const draw = createDraw(21);
const several = (count: number, one: () => string) => Array.from({ length: count }, one);

const WORDS = {
  ip: several(300, () => [0, 0, 0, 0].map(() => 1 + draw.below(254)).join(".")),
  id: several(200, () => String(draw.below(9000) + 1000)),
  bytes: several(200, () => String(draw.below(90_000))),
  word: ["shoes", "red", "coat", "size", "blue", "boots", "sale", "wool", "gift", "rain", "kids", "black"],
  page: [
    "/",
    "/pricing",
    "/docs",
    "/docs/install",
    "/blog/2026/spring",
    "/about",
    "/cart",
    "/item/{id}",
    "/search?q={word}+{word}",
  ],
  asset: ["/app.js", "/style.css", "/logo.svg", "/fonts/inter.woff2", "/img/hero.webp", "/favicon.ico"],
  api: ["/api/items?limit=20", "/api/items/{id}", "/api/cart", "/api/session", "/api/users/{id}/orders"],
  hole: ["/wp-login.php", "/.env", "/.git/config", "/phpmyadmin/", "/admin.php", "/backup.zip", "/server-status"],
  deep: ["/../../etc/passwd", "/cgi-bin/test.cgi", "/vendor/phpunit/eval-stdin.php", "/actuator/env", "/old/wp-admin/"],
  sql: ["' OR 1=1--", "1 UNION SELECT name FROM users", "'; DROP TABLE items;--", "1 AND SLEEP(5)", "%27%20OR%201=1"],
  script: ["<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "{{7*7}}", "$(id)", "`cat /etc/passwd`"],
  login: ["/login", "/api/session", "/account/login", "/admin/login"],
  browser: [
    "Mozilla/5.0 Firefox/149.0",
    "Mozilla/5.0 Chrome/156.0",
    "Mozilla/5.0 Safari/19.1",
    "Mozilla/5.0 Edg/156.0",
  ],
  tool: ["curl/8.14", "python-requests/2.33", "Go-http-client/2.0", "-", "Mozilla/5.0 zgrab/0.x", "sqlmap/1.9"],
};

const LINES: Readonly<Record<string, readonly string[]>> = {
  normal: [
    "GET {page} 200 {browser}",
    "GET {asset} [200|304] {browser}",
    "[GET|POST|PUT] {api} [200|201|204] {browser}",
    "GET {page} [301|404] {browser}",
    "POST {login} [200|302|401] {browser}",
    "GET {api} 200 {tool}",
  ],
  scan: [
    "[GET|HEAD] {hole} [404|403|301] [{tool}|{browser}]",
    "[GET|POST] {deep} [404|400] [{tool}|{browser}]",
    "OPTIONS {hole} 405 {tool}",
  ],
  injection: [
    "GET /search?q={sql} [200|500] [{tool}|{browser}]",
    "GET /api/items?limit={sql} [400|500] [{tool}|{browser}]",
    "[POST|GET] /comments?text={script} [200|403] [{tool}|{browser}]",
    "GET /docs?lang={script} 400 {browser}",
  ],
  bruteforce: [
    "POST {login} [401|429] {tool}",
    "POST {login} 429 {browser}",
    "POST {login}?user=[admin|root|test|guest] [401|429] [{tool}|{browser}]",
  ],
};

let text = csv("text", "label");
for (let row = 0; row < ROWS; row++) {
  const label = draw.chance(0.6) ? "normal" : draw.one(["scan", "injection", "bruteforce"]);
  // The second pass fills words that the first one inserted.
  const line = draw.fill(draw.fill(`{ip} ${draw.one(LINES[label]!)} {bytes}`, WORDS), WORDS);
  text += csv(line, draw.chance(0.01) ? draw.one(Object.keys(LINES)) : label);
}
await print(text);
