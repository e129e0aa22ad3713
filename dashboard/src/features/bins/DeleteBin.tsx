import { ActionButton } from "../../ui/ActionButton";

interface Props {
  run: () => Promise<unknown>;
  onDone?: () => unknown;
}

export function DeleteBin({ run, onDone }: Props) {
  return (
    <ActionButton
      label="Delete"
      color="red"
      confirm="The bin is deleted, with the requests it has recorded. Deliveries to it fail from then on."
      run={run}
      done="The bin is deleted."
      onDone={onDone}
    />
  );
}
