import { expect, test } from "./support/test";
import { agree, clipboard, fact, heading, pick, rows, told } from "./support/ui";

test("a bin is made, records what is sent to it with its signatures, and is deleted", async ({
  page,
  tenant,
}) => {
  await page.goto(tenant.at("/bins"));
  await page.getByRole("button", { name: "New bin" }).click();
  const form = page.getByRole("dialog", { name: "New bin" });
  await form.getByRole("button", { name: "Create" }).click();
  await expect(form.getByText("A name is needed.")).toBeVisible();
  await form.getByLabel("Name").fill("orders");
  await form.getByLabel("Answers with status").fill("202");
  await form.getByRole("button", { name: "Create" }).click();
  await expect(heading(page, "Bin orders")).toBeVisible();
  await expect(fact(page, "Answers")).toHaveText("202 at once");
  await expect(page.getByText("Nothing was sent to it yet.")).toBeVisible();
  await page.getByRole("button", { name: "Copy url" }).click();
  await expect(page.getByRole("button", { name: "Copied" })).toBeVisible();
  const url = await clipboard(page);

  // A delivery is held to the secret of its subscription.
  await tenant.subscribe({ url });
  await tenant.postText('{"type":"order.paid","data":{"amount":1.50}}');
  const { id } = await tenant.one("succeeded");
  const requests = page.getByRole("navigation", { name: "Requests" }).getByRole("link");
  await expect(requests).toHaveText([/POST.*standard holds.*pt holds/]);
  await expect(page.getByRole("region", { name: "Body" })).toContainText('"amount": 1.50');
  await fact(page, "Delivery").getByRole("link").click();
  await expect(heading(page, `Delivery ${id}`)).toBeVisible();
  await page.goBack();

  // Anybody else has no secret here.
  await page.request.post(url, {
    data: "\u0000\u00ffbytes",
    headers: {
      "webhook-id": "msg_1",
      "webhook-timestamp": String(Math.floor(Date.now() / 1000)),
      "webhook-signature": `v1,${Buffer.alloc(32).toString("base64")}`,
    },
  });
  await expect(requests).toHaveText([/POST.*standard unchecked: no secret/, /POST.*standard holds/]);
  await requests.first().click();
  await expect(
    page.getByRole("table", { name: "Headers" }).getByRole("row", { name: /msg_1/ }),
  ).toBeVisible();
  await pick(page, "Form of the body", "Hex");
  await expect(page.getByRole("region", { name: "Body" })).toContainText("00 c3 bf 62");

  await page.getByRole("button", { name: "Delete" }).click();
  await agree(page, "Delete?", "Delete");
  await told(page, "The bin is deleted.");
  await expect(heading(page, "Bins")).toBeVisible();
  await expect(page.getByText("There is no bin.")).toBeVisible();
});

test("a bin that answers 503 lets retries be tried out", async ({ page, tenant }) => {
  await page.goto(tenant.at("/bins"));
  await page.getByRole("button", { name: "New bin" }).click();
  const form = page.getByRole("dialog", { name: "New bin" });
  await form.getByLabel("Name").fill("ill");
  await form.getByLabel("Answers with status").fill("503");
  await form.getByRole("button", { name: "Create" }).click();
  await expect(fact(page, "Answers")).toHaveText("503 at once");
  const url = (await fact(page, "Url").innerText()).split("\n")[0] ?? "";
  await tenant.subscribe({ url });
  await tenant.post("order.paid");
  await tenant.until(1, "failed");
  await expect(page.getByRole("navigation", { name: "Requests" }).getByRole("link")).toHaveCount(4);
  await page.goto(tenant.at("/bins"));
  await expect(rows(page, "bins")).toHaveText([/ill.*503 at once/]);
});
