// Downloads artifacts of the run at hand with GitHub's own artifact client. As with actions/download-artifact, a name
// that is missing is an error, and a pattern that nothing matches is none.
import path from "node:path";
import { DefaultArtifactClient } from "@actions/artifact";
import * as core from "@actions/core";
import { minimatch } from "minimatch";

const artifact = new DefaultArtifactClient();

async function download() {
  const name = core.getInput("name");
  const folder = path.resolve(core.getInput("path") || process.env.GITHUB_WORKSPACE);
  const together = name !== "" || core.getBooleanInput("merge-multiple");
  const wanted = name ? [(await artifact.getArtifact(name)).artifact] : await matching(core.getInput("pattern"));
  for (const one of wanted) {
    await artifact.downloadArtifact(one.id, { path: together ? folder : path.join(folder, one.name) });
    core.info(`${one.name} is downloaded`);
  }
  core.info(`Total of ${wanted.length} artifact(s) downloaded`);
  core.setOutput("download-path", folder);
}

async function matching(pattern) {
  const { artifacts } = await artifact.listArtifacts({ latest: true });
  return pattern ? artifacts.filter((one) => minimatch(one.name, pattern)) : artifacts;
}

download().catch((error) => core.setFailed(error.message));
