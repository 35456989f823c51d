# Stand-ins for the images that compose.yaml and deploy/Dockerfile name, where no registry can be asked: Debian's trixie
# with the same programs from elsewhere. What the stack relies on is here as there: names on PATH, users, folders, ports.
FROM localhost/hnb-containers:trixie AS python
# As in the official image, `python` and `pip` are first on PATH and not Debian's own names.
RUN ln -s /usr/bin/python3 /usr/local/bin/python && ln -s /usr/bin/pip3 /usr/local/bin/pip

FROM localhost/hnb-containers:trixie AS valkey
# The user valkey comes with the client, valkey-cli.
RUN install -d -o valkey -g valkey /data
COPY valkey-server /usr/local/bin/
WORKDIR /data
VOLUME /data

FROM localhost/hnb-containers:trixie AS postgres
RUN useradd --system --uid 70 --no-create-home postgres \
    && install -d -o postgres -g postgres -m 1777 /var/lib/postgresql /var/run/postgresql \
    && install -d /docker-entrypoint-initdb.d
COPY postgresql /opt/postgresql
COPY postgres.sh /usr/local/bin/docker-entrypoint.sh
ENV PGDATA=/var/lib/postgresql/18/docker PATH=/opt/postgresql/server/pginstall18/bin:$PATH
VOLUME /var/lib/postgresql
ENTRYPOINT ["sh", "/usr/local/bin/docker-entrypoint.sh"]
CMD ["postgres"]

FROM localhost/hnb-containers:trixie AS unpacked
WORKDIR /unpacked
RUN apt-get update && apt-get download prometheus promtool \
    && for package in *.deb; do dpkg --extract "$package" .; done

FROM localhost/hnb-containers:trixie AS prometheus
COPY --from=unpacked /unpacked/usr/bin/prometheus /unpacked/usr/bin/promtool /bin/
RUN install -d -o 65534 -g 65534 /prometheus
WORKDIR /prometheus
VOLUME /prometheus
ENTRYPOINT ["/bin/prometheus"]

# Nothing stands in here: compose.yaml has no mail server. It keeps what it is sent in a Maildir, a file a message.
FROM localhost/hnb-containers:trixie AS mail
COPY mail /opt/mail
ENV PYTHONPATH=/opt/mail PYTHONDONTWRITEBYTECODE=1
USER 65534:65534
CMD ["python3", "-m", "aiosmtpd", "--nosetuid", "--listen", "0.0.0.0:8025", \
     "--class", "aiosmtpd.handlers.Mailbox", "/tmp/mail"]
