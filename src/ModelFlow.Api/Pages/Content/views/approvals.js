// Releases that wait for people.
import { get } from "../api.js";
import { tags } from "../dom.js";
import { badge, heading, list, path, releaseLink, said, when, whenKnown } from "../parts.js";
import { relative, t } from "../text.js";
import { pointOf } from "./evidence.js";

const { a, p, span } = tags;

export default function approvals(page) {
  const all = page.follow(signal => get("/api/approvals", signal), 3000);
  return {
    title: () => t("nav.approvals"),
    render: () => [
      heading(t("nav.approvals")),
      p({ class: "lead" }, t(page.may("approver") ? "approvals.lead" : "approvals.reader")),
      whenKnown(all, ({ items }) => list({
        caption: t("nav.approvals"), rows: items, keyOf: i => i.release, empty: t("approvals.empty"),
        columns: [
          { title: t("release"), cell: i => releaseLink(i.release) },
          { title: t("approval.point"), cell: i => pointOf(i.point) },
          { title: t("approval.asked"), cell: i => when(i.askedAt), num: true },
          { title: t("approval.until"), cell: i => i.expiresAt ? [when(i.expiresAt), " ", span({ class: "muted" }, relative(i.expiresAt))] : "–" },
          { title: t("decision"), cell: i => [
            a({ class: "button", href: path("approvals", i.release) }, t(page.may("approver", i.model) && i.mayDecide !== false ? "approvals.look" : "release.evidence"), span({ class: "unseen" }, ` ${i.release}`)),
            i.mayDecide === false && page.may("approver", i.model) ? [" ", badge("dim", t("approvals.notyou")), " ", i.whyNot ? said(i.whyNot) : null] : null,
          ] },
        ],
      })),
    ],
  };
}
