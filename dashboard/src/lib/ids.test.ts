import { expect, test } from "vitest";
import { kindOf } from "./ids";

test("an id is told by what it begins with, when it is whole", () => {
  expect(kindOf("evt_01kfh1qj8aecv8j9vbmzn6vn2c")).toBe("evt");
  expect(kindOf("ten_01kfh1qj8aecv8j9vbmzn6vn2c")).toBe("ten");
  expect(kindOf("evt_01kfh1qj8aecv8j9vbmzn6vn2")).toBeNull();
  expect(kindOf("key_01kfh1qj8aecv8j9vbmzn6vn2c")).toBeNull();
  expect(kindOf("../evt_01kfh1qj8aecv8j9vbmzn6vn2c")).toBeNull();
});
