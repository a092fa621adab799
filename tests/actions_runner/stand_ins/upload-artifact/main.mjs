// Uploads files with GitHub's own artifact client. What actions/upload-artifact does where it matters to a caller
// is done alike: hidden files stay out, folders keep their structure, a name that is taken is an error.
import { readdir, stat } from "node:fs/promises";
import path from "node:path";
import { ArtifactNotFoundError, DefaultArtifactClient } from "@actions/artifact";
import * as core from "@actions/core";

const PATTERN = /[*?[\]!]/;
const WORDS = { warn: core.warning, error: core.setFailed, ignore: core.info };

const artifact = new DefaultArtifactClient();

async function upload() {
  const name = core.getInput("name");
  const paths = pathsAsked();
  const files = (await Promise.all(paths.map(filesBelow))).flat();
  if (files.length === 0) return sayNoFiles(paths);
  await makeRoom(name);
  const root = await commonFolder(paths);
  const { id, size, digest } = await artifact.uploadArtifact(name, files, root, {
    retentionDays: Number(core.getInput("retention-days")) || undefined,
    compressionLevel: Number(core.getInput("compression-level")),
  });
  core.info(`${name}: ${files.length} files, ${size} bytes`);
  core.setOutput("artifact-id", id);
  core.setOutput("artifact-url", addressOf(id));
  core.setOutput("artifact-digest", digest);
}

function pathsAsked() {
  const paths = core.getMultilineInput("path", { required: true });
  const pattern = paths.find((one) => PATTERN.test(one));
  if (pattern) throw new Error(`path: the stand-in knows files and folders, not the pattern ${pattern}`);
  return paths.map((one) => path.resolve(one));
}

async function filesBelow(start) {
  const found = await stat(start).catch(() => null);
  if (found === null) return [];
  if (!found.isDirectory()) return [start];
  const entries = await readdir(start, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => !entry.isDirectory()).map((entry) => path.join(entry.parentPath ?? entry.path, entry.name));
  return core.getBooleanInput("include-hidden-files") ? files : files.filter((file) => !isHidden(path.relative(start, file)));
}

function isHidden(file) {
  return file.split(path.sep).some((part) => part.startsWith("."));
}

function sayNoFiles(paths) {
  const what = core.getInput("if-no-files-found");
  if (!(what in WORDS)) throw new Error(`if-no-files-found: ${what} is none of ${Object.keys(WORDS).join(", ")}`);
  WORDS[what](`No files were found at ${paths.join(", ")}. No artifact is uploaded.`);
}

async function makeRoom(name) {
  const overwrite = core.getBooleanInput("overwrite");
  try {
    await (overwrite ? artifact.deleteArtifact(name) : artifact.getArtifact(name));
  } catch (error) {
    if (error instanceof ArtifactNotFoundError) return;
    throw error;
  }
  if (!overwrite) throw new Error(`Conflict: an artifact with the name ${name} exists on this run already`);
}

// One folder is the root itself; of several paths it is the folder that holds them all.
async function commonFolder(paths) {
  if (paths.length === 1) return (await stat(paths[0])).isDirectory() ? paths[0] : path.dirname(paths[0]);
  const [first, ...others] = paths.map((one) => path.dirname(one).split(path.sep));
  const same = first.findIndex((part, at) => others.some((other) => other[at] !== part));
  return (same === -1 ? first : first.slice(0, same)).join(path.sep) || path.sep;
}

function addressOf(id) {
  const { GITHUB_SERVER_URL, GITHUB_REPOSITORY, GITHUB_RUN_ID } = process.env;
  return `${GITHUB_SERVER_URL}/${GITHUB_REPOSITORY}/actions/runs/${GITHUB_RUN_ID}/artifacts/${id}`;
}

upload().catch((error) => core.setFailed(error.message));
