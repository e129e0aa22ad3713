import { PasswordInput, type PasswordInputProps } from "@mantine/core";

/** For a secret that its owner brings. */
export function SecretInput({ error, ...rest }: PasswordInputProps) {
  return (
    <PasswordInput
      description="whsec_ and base64 of 24 to 64 bytes. None: one is made."
      autoComplete="off"
      spellCheck={false}
      error={error}
      aria-invalid={Boolean(error)}
      visibilityToggleFocusable
      visibilityToggleButtonProps={{ "aria-label": "Show what is typed" }}
      {...rest}
    />
  );
}
