// One version: what it is made of and where it stands.
import { get } from "../api.js";
import { tags } from "../dom.js";
import { badge, bytes, crumbs, digest, facts, heading, list, modelLink, path, releaseLink, section, versionLink, when, whenKnown } from "../parts.js";
import { number, t, weight, word } from "../text.js";

const { a, code, li, p, ul } = tags;

export default function version(page, { model, version }) {
  const detail = page.follow(signal => get(`/api/models/${encodeURIComponent(model)}/versions/${encodeURIComponent(version)}`, signal), 5000);

  const tensor = way => x => li({ key: x.name }, t(`version.${way}`), " ", code(`${x.name} ${x.datatype}[${x.shape.join(",")}]`));

  function show(v) {
    const { manifest, signature } = v;
    const lineage = manifest?.lineage ?? {};
    return [
      v.revoked ? p({ class: "warning" }, badge("bad", t("revoked")), " ", t("version.revoked", { by: v.revoked.by }), " ", v.revoked.reason, " ", when(v.revoked.at)) : null,
      facts([
        [t("standing"), v.live ? `${t(`live.${v.live}`)}${v.weight === undefined ? "" : ` ${weight(v.weight)}`}` : t("version.notlive")],
        [t("release"), v.latestRelease && releaseLink(v.latestRelease)],
        [t("digest"), digest(v.digest)],
        [t("format"), v.format],
        [t("size"), bytes(v.bytes)],
        [t("uploader"), v.uploader ?? t("unknown")],
        [t("owner"), manifest?.owner],
        [t("registered"), when(v.registeredAt)],
        [t("model.stablefrom"), v.firstStableAt && when(v.firstStableAt)],
        [t("version.stableuntil"), v.lastStableAt && when(v.lastStableAt)],
        [t("tier"), word("tier", v.tier)],
        [t("loaded"), v.deployment?.loaded ? when(v.deployment.loadedAt) : t("no")],
        [t("pinned"), v.pinned ? t("yes") : undefined],
        [t("description"), manifest?.description],
      ]),
      p(a({ href: `${path("audit")}?${new URLSearchParams({ q: "approvals", model, version })}` }, t("version.who"))),
      section(t("version.lineage"), facts([
        [t("version.dataset"), lineage.dataset && [lineage.dataset.name, " ", lineage.dataset.sha256 ? digest(lineage.dataset.sha256) : null]],
        [t("version.parent"), lineage.parent && versionLink(model, lineage.parent)],
        [t("version.commit"), lineage.gitCommit && code(lineage.gitCommit)],
        [t("version.repository"), lineage.gitRepository],
        [t("version.trained"), lineage.trainedAt && when(lineage.trainedAt)],
        ...Object.entries(lineage.parameters ?? {}).map(([name, value]) => [code(name), value]),
      ]), Object.keys(lineage).length === 0 ? p({ class: "nothing" }, t("version.nolineage")) : null),
      signature ? section(t("version.signature"), ul({ class: "plain" }, signature.inputs.map(tensor("in")), signature.outputs.map(tensor("out")))) : null,
      Object.keys(manifest?.metrics ?? {}).length > 0 ? section(t("compare.training"), facts(Object.entries(manifest.metrics).map(([name, value]) => [name, number(value)]))) : null,
      section(t("files"), list({
        caption: t("files"), rows: manifest?.files ?? [], keyOf: f => f.path, empty: t("unknown"),
        columns: [{ title: t("file"), cell: f => code(f.path) }, { title: t("size"), cell: f => bytes(f.size), num: true }, { title: t("digest"), cell: f => digest(f.sha256) }],
      })),
      v.reports?.length > 0 ? section(t("reports"), reports(v.latestRelease, v.reports)) : null,
    ];
  }

  return {
    title: () => `${model} ${version}`,
    render: () => [crumbs(a({ href: path("models") }, t("nav.models")), modelLink(model), version), heading(version), whenKnown(detail, show)],
  };
}

/** Links to a release's report files. */
export const reports = (release, names) => ul({ class: "plain" }, names.map(name =>
  li({ key: name }, a({ href: `/api/releases/${encodeURIComponent(release)}/reports/${encodeURIComponent(name)}`, download: "" }, name))));
