// What a decision is taken on: who must say yes before what, and who did.
import { tags } from "../dom.js";
import { badge, digest, facts, nothing, when } from "../parts.js";
import { known, t, word } from "../text.js";

const { li, p, span, ul } = tags;

/** Before what people are asked: a word of the policy, or a share of traffic. */
export const pointOf = point => known("point", point) ? word("point", point) : point;

/** Who has to approve, and who has. */
export function approvalFacts(release) {
  const { approval } = release;
  const given = approval?.approvals ?? release.approvals;
  return [
    approval ? facts([
      [t("approval.point"), pointOf(approval.point)],
      [t("approval.asked"), when(approval.askedAt)],
      [t("approval.until"), approval.expiresAt && when(approval.expiresAt)],
      [t("approval.evidence"), digest(approval.evidence)],
    ]) : null,
    approval ? ul({ class: "rules plain" }, approval.rules.map(rule)) : null,
    given.length === 0 ? nothing(t("approval.none")) : ul({ class: "plain approvals" }, given.map(g => li({ key: `${g.by}${g.at}` },
      badge(g.counts === false ? "dim" : "good", t(g.counts === false ? "approval.counted.not" : "approval.approved")), " ", span({ class: "by" }, g.by), " ", when(g.at), g.comment ? p({ class: "comment" }, g.comment) : null))),
  ];
}

function rule(r, i) {
  return li({ key: i },
    badge(r.satisfied ? "good" : "warn", t(r.satisfied ? "approval.satisfied" : "approval.open")), " ",
    t("approval.rule", { n: r.required, given: r.given.length }),
    r.from.length > 0 ? span({ class: "muted" }, " ", t("approval.from", { names: r.from.join(", ") })) : null,
    r.barred.length > 0 ? span({ class: "muted" }, " ", t("approval.barred", { names: r.barred.join(", ") })) : null,
    r.whenExpired === "wait" ? span({ class: "muted" }, " ", t("approval.waits")) : null);
}
