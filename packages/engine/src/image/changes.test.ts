import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { isErrorCode } from '@pouch/base';
import { applyChanges } from './changes.ts';

function refuses(change: string, message: RegExp): void {
  assert.throws(
    () => applyChanges({}, [change]),
    (error: unknown) => isErrorCode(error, 'invalid-argument') && message.test(error.message),
    change,
  );
}

suite('Dockerfile instructions as changes of a configuration', () => {
  test('commands in exec form and in shell form', () => {
    assert.deepEqual(applyChanges({}, ['CMD ["a", "b c"]']).Cmd, ['a', 'b c']);
    assert.deepEqual(applyChanges({}, ['cmd echo "$HOME"']).Cmd, ['/bin/sh', '-c', 'echo "$HOME"']);
    assert.deepEqual(applyChanges({}, ['CMD [ -f /x ]']).Cmd, ['/bin/sh', '-c', '[ -f /x ]']);
    assert.deepEqual(applyChanges({ Shell: ['/bin/bash', '-c'] }, ['ENTRYPOINT x']).Entrypoint, [
      '/bin/bash',
      '-c',
      'x',
    ]);
  });

  test('an entry point takes the inherited command away, but not one given beside it', () => {
    assert.equal(applyChanges({ Cmd: ['old'] }, ['ENTRYPOINT ["e"]']).Cmd, undefined);
    assert.deepEqual(applyChanges({ Cmd: ['old'] }, ['CMD ["new"]', 'ENTRYPOINT ["e"]']).Cmd, ['new']);
  });

  test('variables are set, replaced in place and expanded', () => {
    const config = applyChanges({ Env: ['PATH=/bin', 'A=1'] }, [
      'ENV A=2 B="x y" C=$A',
      'ENV D the rest of it',
      'ENV E=${NO:-dflt}${A:+set}',
    ]);
    assert.deepEqual(config.Env, ['PATH=/bin', 'A=2', 'B=x y', 'C=1', 'D=the rest of it', 'E=dfltset']);
  });

  test('single quotes and escapes keep a dollar sign', () => {
    const { Labels } = applyChanges({ Env: ['A=1'] }, [String.raw`LABEL a='$A' b="$A" c=\$A d="q\"q"`]);
    assert.deepEqual(Labels, { a: '$A', b: '1', c: '$A', d: 'q"q' });
  });

  test('ports, with protocols and ranges', () => {
    const { ExposedPorts } = applyChanges({ ExposedPorts: { '22/tcp': {} } }, ['EXPOSE 80 53/UDP 8000-8002']);
    assert.deepEqual(Object.keys(ExposedPorts ?? {}), [
      '22/tcp',
      '80/tcp',
      '53/udp',
      '8000/tcp',
      '8001/tcp',
      '8002/tcp',
    ]);
  });

  test('user, working directory, volumes, stop signal', () => {
    const config = applyChanges({ WorkingDir: '/srv' }, [
      'USER 1:2',
      'WORKDIR app',
      'VOLUME ["/a b"]',
      'VOLUME /c /d',
      'STOPSIGNAL SIGQUIT',
    ]);
    assert.equal(config.User, '1:2');
    assert.equal(config.WorkingDir, '/srv/app');
    assert.deepEqual(Object.keys(config.Volumes ?? {}), ['/a b', '/c', '/d']);
    assert.equal(config.StopSignal, 'SIGQUIT');
  });

  test('health checks', () => {
    assert.deepEqual(applyChanges({}, ['HEALTHCHECK --interval=1m30s --retries=3 CMD curl -f localhost']).Healthcheck, {
      Interval: 90_000_000_000,
      Retries: 3,
      Test: ['CMD-SHELL', 'curl -f localhost'],
    });
    assert.deepEqual(applyChanges({}, ['HEALTHCHECK CMD ["a", "b"]']).Healthcheck, { Test: ['CMD', 'a', 'b'] });
    assert.deepEqual(applyChanges({}, ['healthcheck none']).Healthcheck, { Test: ['NONE'] });
  });

  test('several lines, comments and continuations in one change', () => {
    const config = applyChanges({}, ['# first\nENV A=1 \\\n  B=2\n\nONBUILD RUN make $A']);
    assert.deepEqual(config.Env, ['A=1', 'B=2']);
    assert.deepEqual(config.OnBuild, ['RUN make $A']);
  });

  test('the given configuration stays as it was', () => {
    const config = Object.freeze({ Env: Object.freeze(['A=1']), Labels: Object.freeze({ a: 'b' }) });
    applyChanges(config, ['ENV A=2', 'LABEL a=c']);
    assert.deepEqual(config, { Env: ['A=1'], Labels: { a: 'b' } });
  });

  test('what is no change is refused with its name', () => {
    refuses('RUN make', /^RUN is not a valid change command$/);
    refuses('constructor x', /not a valid change command/);
    refuses('ENV', /requires at least one argument/);
    refuses('ENV a', /must have two arguments/);
    refuses('ENV a=1 b', /can't find = in "b"/);
    refuses('LABEL a="x', /matching "/);
    refuses('EXPOSE 70000', /invalid containerPort: 70000/);
    refuses('EXPOSE 9-1', /invalid containerPort/);
    refuses('STOPSIGNAL rm -rf', /exactly one argument/);
    refuses('HEALTHCHECK --nope=1 CMD x', /Unknown flag: nope/);
    refuses('HEALTHCHECK CMD', /Missing command/);
    refuses('ONBUILD FROM x', /isn't allowed as an ONBUILD trigger/);
    refuses('ENV A=${B', /missing '}'/);
    refuses('ENV A=${B:?needed}', /B: needed/);
  });
});
