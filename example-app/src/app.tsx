import { SyncProvider } from 'tidemark';
import { SyncDevtools } from 'tidemark/devtools';
import { createDevice } from './device.ts';
import { DevicesPage } from './devices-page.tsx';
import { IssuesPage } from './issues-page.tsx';
import { OfflineSwitch } from './offline-switch.tsx';
import { TO_DEVICES, TO_ISSUES, useRoute } from './router.ts';
import { StatusBadge } from './status-badge.tsx';

const sync = createDevice('tracker', 'This browser');

export function App() {
  return (
    <SyncProvider sync={sync} fallback={<Splash />} renderError={(error) => <Broken error={error} />}>
      <Shell />
      <SyncDevtools />
    </SyncProvider>
  );
}

function Shell() {
  const route = useRoute();
  return (
    <div className="shell">
      <header className="topbar">
        <a className="brand" href={TO_ISSUES}>
          <span className="brand-mark" aria-hidden="true" />
          Harbour issues
        </a>
        <nav aria-label="Pages">
          <a href={TO_ISSUES} aria-current={route.page === 'issues' ? 'page' : undefined}>
            Issues
          </a>
          <a href={TO_DEVICES} aria-current={route.page === 'devices' ? 'page' : undefined}>
            Two devices
          </a>
        </nav>
        <div className="topbar-end">
          <StatusBadge />
          <OfflineSwitch />
        </div>
      </header>
      {route.page === 'devices' ? <DevicesPage /> : <IssuesPage issueId={route.issueId} />}
    </div>
  );
}

function Splash() {
  return (
    <div className="centered" role="status">
      <span className="brand-mark large" aria-hidden="true" />
      <p>Opening the local database…</p>
    </div>
  );
}

function Broken({ error }: { error: Error }) {
  return (
    <div className="centered" role="alert">
      <h1>The local database did not open</h1>
      <p>{error.message}</p>
      <button type="button" onClick={() => window.location.reload()}>
        Try again
      </button>
    </div>
  );
}
