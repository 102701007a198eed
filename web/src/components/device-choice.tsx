import { useEffect, useId, useState } from "react";
import { useWords } from "../i18n/language";
import { chooseDevice, chosenDevices, listDevices, whenDevicesChange, type Devices } from "../media/devices";

/** Which microphone and which camera; remembered on this computer. */
export function DeviceChoice({ onChoose }: { onChoose(kind: "microphone" | "camera"): void }) {
  const words = useWords();
  const [devices, setDevices] = useState<Devices>({ microphones: [], cameras: [] });
  const [chosen, setChosen] = useState(chosenDevices);
  const ids = { microphone: useId(), camera: useId() };

  useEffect(() => {
    const look = () => void listDevices().then(setDevices);
    look();
    return whenDevicesChange(look);
  }, []);

  const choose = (kind: "microphone" | "camera", id: string) => {
    chooseDevice(kind, id || null);
    setChosen(chosenDevices());
    onChoose(kind);
  };

  const select = (kind: "microphone" | "camera", label: string, list: MediaDeviceInfo[]) => (
    <div className="field compact">
      <label htmlFor={ids[kind]}>{label}</label>
      <select id={ids[kind]} value={chosen[kind] ?? ""} onChange={(event) => choose(kind, event.target.value)}>
        <option value="">{words.join.defaultDevice}</option>
        {list
          .filter((device) => device.deviceId !== "default")
          .map((device, index) => (
            <option key={device.deviceId} value={device.deviceId}>
              {device.label || `${label} ${index + 1}`}
            </option>
          ))}
      </select>
    </div>
  );

  return (
    <div className="device-choice">
      {select("microphone", words.join.microphone, devices.microphones)}
      {select("camera", words.join.camera, devices.cameras)}
    </div>
  );
}
