/** The token that the service printed. It comes behind `#` in the address, which is sent to nobody, and stays in this tab only. */
const place = "clubar-token";

/** The token of this tab; one in the address counts more, and is taken out of it. */
export function takeToken(): string | undefined {
  const given = tokenIn(location.hash);
  if (given !== undefined) {
    sessionStorage.setItem(place, given);
    history.replaceState(null, "", `${location.pathname}#/cluster`);
  }
  return sessionStorage.getItem(place) ?? undefined;
}

/** Takes what a person typed or pasted: the whole address or the token alone. false when it holds none. */
export function keepTyped(text: string): boolean {
  const typed = text.trim();
  const token = tokenIn(typed) ?? (/^\S+$/.test(typed) && !typed.includes("/") ? typed : undefined);
  if (token !== undefined) sessionStorage.setItem(place, token);
  return token !== undefined;
}

/** The token for a request. */
export function token(): string {
  return sessionStorage.getItem(place) ?? "";
}

function tokenIn(text: string): string | undefined {
  const found = /#token=([^&\s]+)/.exec(text)?.[1];
  return found === undefined ? undefined : decodeURIComponent(found);
}
