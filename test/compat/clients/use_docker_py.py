"""What programs do with docker-py; prints what they see. Argument: the prefix of everything's name."""
import io, json, os, sys, tarfile, time
import docker

name = sys.argv[1]
client = docker.from_env()


def show(what, value):
    print(what, value if isinstance(value, str) else json.dumps(value, sort_keys=True, default=str))


def refused(what, call):
    try:
        call()
        show(what, 'no error')
    except docker.errors.APIError as error:
        show(what, [type(error).__name__, error.status_code, error.explanation])
    except docker.errors.DockerException as error:
        show(what, [type(error).__name__, str(error)])


def disk_use():
    """dockerd fails while a container of somebody else's goes away."""
    while True:
        try:
            return client.df()
        except docker.errors.APIError as error:
            if 'rw layer snapshot not found' not in str(error):
                raise
            time.sleep(0.2)


show('ping', client.ping())
show('version', client.version()['Os'])
show('info', client.info()['OSType'])
show('run', client.containers.run('busybox', ['echo', 'hello'], remove=True).decode())
refused('failing run', lambda: client.containers.run('busybox', 'sh -c "echo bad >&2; exit 3"', remove=True))
refused('no image', lambda: client.images.get(name))
refused('no container', lambda: client.containers.get(name))
container = client.containers.run('busybox', 'sh -c "echo out; sleep 60"', name=name, detach=True, environment={'A': '1'},
                                  labels={'by': 'docker-py'}, mem_limit='64m', volumes={name: {'bind': '/data', 'mode': 'rw'}},
                                  ports={'80/tcp': ('127.0.0.1', 8971)}, hostname='box', init=True)
refused('the same name', lambda: client.containers.create('busybox', name=name))
# docker-py loses what comes in one read with the answer's head.
show('exec', [part.decode() if isinstance(part, bytes) else part for part in container.exec_run('sh -c "sleep 0.5; echo from exec; exit 4"')])
show('exec apart', [[(part or b'').decode() for part in output] if isinstance(output, tuple) else output
                    for output in container.exec_run('sh -c "sleep 0.5; echo o; echo e >&2"', demux=True)])
show('tty exec', container.exec_run('sh -c "sleep 0.5; tty"', tty=True).output.decode())
show('logs', container.logs().decode())
show('log lines', [line.decode() for line in container.logs(stream=True, tail=1, follow=False)])
show('top', container.top()['Titles'])
show('stats', sorted(container.stats(stream=False)))
container.pause()
container.reload()
show('paused', container.status)
container.unpause()
archive = io.BytesIO()
with tarfile.open(fileobj=archive, mode='w') as tar:
    member = tarfile.TarInfo('put')
    member.size = 4
    tar.addfile(member, io.BytesIO(b'data'))
show('put', container.put_archive('/tmp', archive.getvalue()))
bits, stat = container.get_archive('/tmp/put')
show('get', [stat['name'], stat['size'], b'data' in b''.join(bits)])
show('diff', sorted(change['Path'] for change in container.diff() if 'init' not in change['Path']))
show('attrs', sorted(container.attrs))
show('ports', container.ports)
container.update(mem_limit='128m', memswap_limit='256m')
container.rename(name + '-new')
image = container.commit(name, 'made', changes='CMD ["true"]')
show('image', sorted(set(image.attrs) - {'Parent'}))
show('image tags', image.tags)
show('saved', len(b''.join(image.save(named=True))) > 100000)
client.images.remove(name + ':made')
show('listed', [found.name for found in client.containers.list(filters={'label': 'by=docker-py'})])
container.stop(timeout=10)
show('wait', container.wait())
container.remove(v=True)
network = client.networks.create(name, driver='bridge', ipam=docker.types.IPAMConfig(
    pool_configs=[docker.types.IPAMPool(subnet='10.91.0.0/24', gateway='10.91.0.1')]))
other = client.containers.create('busybox', 'sleep 60', name=name + '-net')
network.connect(other, aliases=['alias'], ipv4_address='10.91.0.9')
other.start()
other.reload()
show('address', other.attrs['NetworkSettings']['Networks'][name]['IPAddress'])
show('network', sorted(client.networks.get(name).attrs))
network.disconnect(other)
other.remove(force=True)
network.remove()
volume = client.volumes.get(name)
show('volume', sorted(volume.attrs))
volume.remove()
show('df', sorted(disk_use()))
low = docker.APIClient(base_url=os.environ['DOCKER_HOST'], version='auto')
show('events', [(event['Type'], event['Action']) for event in low.events(since=0, until=1, decode=True)])
created = low.create_container('busybox', 'sh -c "cat; sleep .2"', stdin_open=True, name=name + '-attach')
socket = low.attach_socket(created, params={'stdin': 1, 'stream': 1, 'stdout': 1})
low.start(created)
socket._sock.sendall(b'through a socket\n')
received = b''
while len(received) < 25:
    received += socket._sock.recv(100)
show('attached', received[8:].decode())
socket.close()
low.remove_container(created, force=True)
