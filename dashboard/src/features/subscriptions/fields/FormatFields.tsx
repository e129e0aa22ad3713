import { Select, Textarea } from "@mantine/core";
import type { SubscriptionForm } from "../form/useSubscriptionForm";

/** What a receiver gets. */
export function FormatFields({ form, isNew }: { form: SubscriptionForm; isNew: boolean }) {
  return (
    <>
      <Select
        label="Kind"
        description={
          form.values.kind === "slack"
            ? "Its url is a credential: it is sealed, and no signature is sent."
            : isNew
              ? "A Slack one posts messages to an incoming webhook of Slack."
              : undefined
        }
        data={["webhook", "slack"]}
        allowDeselect={false}
        {...form.getInputProps("kind")}
      />
      <Select
        label="Format"
        description="standard is the envelope of Posthaste; a CloudEvent is in the body, or (binary) in headers."
        data={["standard", "cloudevents", "cloudevents-binary"]}
        allowDeselect={false}
        {...form.getInputProps("format")}
      />
      <Textarea
        label="Template"
        description="Makes the body from event, data and metadata, in the language of Jinja. None: the format's own body."
        placeholder={'{"text": {{ ("Order " ~ data.number)|tojson }}}'}
        autosize
        minRows={3}
        maxRows={16}
        spellCheck={false}
        styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)" } }}
        {...form.getInputProps("template")}
      />
    </>
  );
}
