// Opens the explorer in a real Chromium and asks a query by hand:
// node explore.mjs ADDRESS TOKEN CHROMIUM
import { chromium } from "playwright-core";

const [address, token, executablePath] = process.argv.slice(2);
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
try {
  const page = await browser.newPage();
  const problems = [];
  page.on("pageerror", (error) => problems.push(`error: ${error.message}`));
  page.on("request", (request) => {
    const url = new URL(request.url());
    const own = url.origin === new URL(address).origin || ["data:", "blob:"].includes(url.protocol);
    if (!own) problems.push(`asked elsewhere: ${request.url()}`);
  });
  let asked = 0;
  page.on("request", (request) => {
    if (new URL(request.url()).pathname === "/graphql") asked += 1;
  });
  await page.goto(`${address}/explore`);
  await page.waitForFunction(() =>
    document.querySelector("#told")?.textContent.includes("allhours token"));
  // Long enough for what asks by itself to have asked.
  await page.waitForTimeout(1000);
  if (asked > 0) problems.push("it asks before there is a token");
  if (await page.$(".graphiql-execute-button")) problems.push("it can be asked without a token");
  await page.fill("#token", "no.good.token");
  await page.click("#bearer button");
  await page.waitForFunction(() =>
    document.querySelector("#told")?.textContent.includes("not accepted"));
  await page.fill("#token", token);
  await page.click("#bearer button");
  await page.waitForFunction(() => document.querySelector("#told")?.hidden);
  await page.waitForSelector(".graphiql-execute-button");
  await page.click(".graphiql-execute-button");
  await page.waitForFunction(() =>
    document.querySelector(".result-window")?.textContent.includes('"__typename"'));
  const result = await page.textContent(".result-window");
  if (!result.includes("Query")) problems.push(`no answer: ${result}`);
  if (problems.length > 0) throw new Error(problems.join("\n"));
  console.log("the explorer answers");
} finally {
  await browser.close();
}
