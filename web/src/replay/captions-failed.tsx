/** Why captions are not there to be read, nor to be edited, and the way to try again. */
import { RotateCw } from "lucide-react";
import { Button } from "../components/ui";
import { errorWords } from "../i18n/errors";
import { useWords } from "../i18n/language";
import type { CaptionsState } from "./use-captions";

export function CaptionsFailed({ captions, mayEdit }: { captions: CaptionsState; mayEdit: boolean }) {
  const words = useWords();
  if (captions.failed === null) return null;
  return (
    <div className="captions-failed">
      <p role="alert" className="bad-text">
        {words.replay.captionsNotRead} {errorWords(captions.failed, words)} {mayEdit && words.replay.captionsNotEdited}
      </p>
      <Button small onPress={captions.again}>
        <RotateCw aria-hidden />
        {words.app.retry}
      </Button>
    </div>
  );
}
