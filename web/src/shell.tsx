import type { VNode } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { BackupsPage } from "./backups/backups-page.tsx";
import { CheckpointsPage } from "./checkpoints/checkpoints-page.tsx";
import { ClusterPage } from "./cluster/cluster-page.tsx";
import { ConnectionStrip } from "./connection-strip.tsx";
import { type Known, useLive } from "./live.ts";
import { RecoveryPage } from "./recovery/recovery-page.tsx";
import { href, type PageName, pages, type Route, useRoute } from "./route.ts";
import { TokenForm } from "./token-form.tsx";

const titles: Readonly<Record<PageName, string>> = {
  cluster: "Cluster",
  recovery: "Recovery",
  checkpoints: "Checkpoints",
  backups: "Backups",
};

/** The frame of every page: its name, the way to the others, how the node is reached. */
export function Shell(): VNode {
  const route = useRoute();
  const known = useLive();
  const cluster = known.status?.cluster.name;
  const main = useRef<HTMLElement>(null);
  const first = useRef(true);
  useEffect(() => {
    document.title = `${titles[route.page]} – ${cluster ?? "clubar"}`;
  }, [route.page, cluster]);
  useEffect(() => {
    if (!first.current) main.current?.focus();
    first.current = false;
  }, [route.page]);
  if (known.connection.kind === "denied") return <TokenForm because="The token is not the one of this service." />;
  return (
    <>
      <a class="skip" href="#main" onClick={(event) => skipTo(event, main.current)}>
        Skip to the content
      </a>
      <header>
        <div class="bar">
          <a class="brand" href={href("cluster")}>
            <Emblem />
            <span>clubar</span>
          </a>
          <nav aria-label="Pages">
            {pages.map((page) => (
              <a key={page} href={href(page)} aria-current={page === route.page ? "page" : undefined}>
                {titles[page]}
              </a>
            ))}
          </nav>
        </div>
      </header>
      <ConnectionStrip known={known} />
      <main id="main" tabIndex={-1} ref={main}>
        <Content route={route} known={known} />
      </main>
    </>
  );
}

function Content({ route, known }: { route: Route; known: Known }): VNode {
  const { status } = known;
  if (status === undefined) {
    const isLost = known.connection.kind === "lost";
    return <p class="empty">{isLost ? "Nothing was heard of this node yet." : "The node is asked …"}</p>;
  }
  switch (route.page) {
    case "cluster":
      return <ClusterPage status={status} decisions={known.decisions} view={known.view} />;
    case "recovery":
      return <RecoveryPage status={status} isLive={known.connection.kind === "live"} resource={route.parts[0]} />;
    case "checkpoints":
      return <CheckpointsPage status={status} parts={route.parts} />;
    case "backups":
      return <BackupsPage status={status} />;
  }
}

/** The address stays the page's; only the focus moves. */
function skipTo(event: Event, target: HTMLElement | null): void {
  event.preventDefault();
  target?.focus();
}

function Emblem(): VNode {
  return (
    <svg viewBox="0 0 32 32" width="24" height="24" aria-hidden="true">
      <path d="M16 10v5M16 15 9 21M16 15l7 6" fill="none" stroke="currentColor" stroke-width="2.5" />
      <circle cx="16" cy="7.5" r="4" fill="currentColor" />
      <circle cx="8" cy="23" r="4" fill="currentColor" />
      <circle cx="24" cy="23" r="4" fill="currentColor" />
    </svg>
  );
}
