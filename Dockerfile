# The tool with its embedded default, on CPU builds of torch: docker build -t pacl . && docker run --rm -it pacl
# With GPUs: docker build --build-arg CPU= -t pacl . && docker run --rm -it --gpus all pacl
FROM python:3.11-slim
ARG CPU=1
RUN apt-get update && apt-get install -y --no-install-recommends git make && rm -rf /var/lib/apt/lists/*
WORKDIR /pacl
COPY . .
RUN make install CPU=$CPU
ENV PATH=/pacl/.venv/bin:$PATH
CMD ["bash"]
