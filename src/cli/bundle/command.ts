import { type Command, Option } from 'commander';
import type { Io } from '../io.ts';
import { type Register, runVerb } from '../verb.ts';
import type { BuildFlags } from './build.ts';
import type { InspectFlags } from './inspect.ts';
import type { LockFlags } from './lock.ts';
import type { VerifyFlags } from './verify.ts';

/** kboot bundle build | inspect | verify | lock */
export const registerBundle: Register = (program, io) => {
  const bundle = program
    .command('bundle')
    .description('everything for one Kubernetes version: images, manifests and the lock that pins them');
  registerBuild(bundle, io);
  registerInspect(bundle, io);
  registerVerify(bundle, io);
  registerLock(bundle, io);
};

function chosen(command: Command): Command {
  return command
    .option('--kubernetes <version>', 'which Kubernetes (default: the newest that kboot knows)')
    .addOption(
      new Option('--source <source>', 'compile Go modules, or take what the projects publish')
        .choices(['modules', 'upstream'])
        .default('modules'),
    );
}

function registerBuild(bundle: Command, io: Io): void {
  withMirrors(chosen(bundle.command('build')))
    .description('build a bundle; what is built already is used again')
    .option(
      '--locked',
      'fail when a locked Debian package cannot be had, instead of taking another version',
      false,
    )
    .option('--install', 'install the Debian packages that this machine lacks', false)
    .action(async (options: BuildFlags, command: Command) => {
      await runVerb(io, command, async (run) => (await import('./build.ts')).runBundleBuild(run, options));
    });
}

function withMirrors(command: Command): Command {
  return command.option(
    '--mirror <host=place>',
    'ask this place instead of dl.k8s.io, github.com, registry.k8s.io ...; again for each host',
    (mirror: string, others: string[]) => [...others, mirror],
    [],
  );
}

function registerLock(bundle: Command, io: Io): void {
  withMirrors(bundle.command('lock'))
    .description("pin what the projects publish, for --source upstream (needs the project's checkout)")
    .option('--kubernetes <version>', 'which Kubernetes (default: the newest that kboot knows)')
    .addOption(new Option('--arch <arch>', 'whose files').choices(['amd64', 'arm64']).default('amd64'))
    .action(async (options: LockFlags, command: Command) => {
      await runVerb(io, command, async (run) => (await import('./lock.ts')).runBundleLock(run, options));
    });
}

function registerInspect(bundle: Command, io: Io): void {
  chosen(bundle.command('inspect'))
    .description('show what a bundle holds, and which machines get what')
    .argument('[folder]', 'the bundle (default: the one that build makes)')
    .option('--json', 'one JSON document on standard output', false)
    .action(async (folder: string | undefined, options: InspectFlags, command: Command) => {
      await runVerb(io, command, async (run) =>
        (await import('./inspect.ts')).runBundleInspect(run, folder, options),
      );
    });
}

function registerVerify(bundle: Command, io: Io): void {
  chosen(bundle.command('verify'))
    .description('hash every file of a bundle and compare it with the lock')
    .argument('[folder]', 'the bundle (default: the one that build makes)')
    .option('--digest <digest>', 'what the bundle itself must be: sha256:...')
    .action(async (folder: string | undefined, options: VerifyFlags, command: Command) => {
      await runVerb(io, command, async (run) =>
        (await import('./verify.ts')).runBundleVerify(run, folder, options),
      );
    });
}
