/** On a phone: all choices of pictures, above them, where they cover nothing. */
import { PaneChoice, ViewChoice } from "./view-choice";
import type { ComponentProps } from "react";

export function ChoiceBar(props: ComponentProps<typeof ViewChoice>) {
  return (
    <div className="choice-bar">
      <ViewChoice {...props} />
      {props.view.right !== null && (
        <>
          <PaneChoice {...props} side="left" />
          <PaneChoice {...props} side="right" />
        </>
      )}
    </div>
  );
}
