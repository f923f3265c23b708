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
  await page.goto(`${address}/explore`);
  await page.fill("#token", token);
  await page.click("#bearer button");
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
