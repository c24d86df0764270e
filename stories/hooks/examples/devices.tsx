import { useDevices } from 'tidemark';

export function DeviceList() {
  return (
    <ul>
      {useDevices().map(({ deviceId, name, isThisDevice }) => (
        <li key={deviceId}>
          {name ?? 'A device without a name'} {isThisDevice && <strong>this one</strong>}
        </li>
      ))}
    </ul>
  );
}
