import { Button, Checkbox, Fieldset, Group, Input, SimpleGrid, Stack } from "@mantine/core";
import type { Scope } from "../../api/keys";
import { scopeGroups, sortScopes, usual } from "./scopes";

interface Props {
  value: Scope[];
  onChange: (scopes: Scope[]) => void;
  error?: React.ReactNode;
}

/** What a key may do: everything, or what is ticked. */
export function ScopeFields({ value, onChange, error }: Props) {
  const all = value.includes("*");
  return (
    <Fieldset legend="What it may do">
      <Stack gap="sm">
        <Checkbox
          label="Everything the tenant may do"
          description="Also what scopes of later versions will allow."
          checked={all}
          onChange={(event) => onChange(event.currentTarget.checked ? ["*"] : [])}
        />
        {!all && (
          <>
            <Group gap="xs">
              {usual.map(({ label, scopes }) => (
                <Button key={label} size="compact-xs" variant="default" onClick={() => onChange(scopes)}>
                  {label}
                </Button>
              ))}
            </Group>
            <Checkbox.Group
              value={value}
              onChange={(chosen) => onChange(sortScopes(chosen))}
              aria-label="Scopes"
            >
              <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="sm">
                {scopeGroups.map(({ title, scopes }) => (
                  <Fieldset key={title} legend={title} variant="unstyled">
                    <Stack gap="xs">
                      {scopes.map(({ scope, allows }) => (
                        <Checkbox key={scope} value={scope} label={scope} description={allows} />
                      ))}
                    </Stack>
                  </Fieldset>
                ))}
              </SimpleGrid>
            </Checkbox.Group>
          </>
        )}
        {error !== undefined && error !== null && <Input.Error role="alert">{error}</Input.Error>}
      </Stack>
    </Fieldset>
  );
}
